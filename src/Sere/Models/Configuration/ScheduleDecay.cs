namespace Sere.Models.Configuration;

/// <summary>How the learning rate falls after its warm-up.</summary>
public enum ScheduleDecay
{
    /// <summary>Half a cosine, from the peak rate to the final fraction of it; JSON "cosine".</summary>
    Cosine,

    /// <summary>Not at all: the rate stays at its peak; JSON "none".</summary>
    None,
}
