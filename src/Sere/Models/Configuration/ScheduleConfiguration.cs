namespace Sere.Models.Configuration;

/// <summary>
/// The course of the learning rate; lengths are fractions of the run, so that short and long runs are alike.
/// </summary>
public sealed record ScheduleConfiguration
{
    /// <summary>The fraction of the run in which the rate rises linearly to its peak; 0 to 1.</summary>
    public double WarmUp { get; init; }

    /// <summary>How the rate falls after the warm-up.</summary>
    public ScheduleDecay Decay { get; init; } = ScheduleDecay.Cosine;

    /// <summary>The rate at the end of the decay, as a fraction of the peak rate; 0 to 1.</summary>
    public double FinalFraction { get; init; }

    internal void Validate(string path)
    {
        ConfigurationCheck.Require(WarmUp is >= 0 and <= 1, $"{path}.warmUp", WarmUp, "from 0 to 1");
        ConfigurationCheck.RequireNamed($"{path}.decay", Decay);
        ConfigurationCheck.Require(
            FinalFraction is >= 0 and <= 1, $"{path}.finalFraction", FinalFraction, "from 0 to 1");
    }
}
