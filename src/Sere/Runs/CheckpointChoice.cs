namespace Sere.Runs;

/// <summary>Which weights of a run are meant.</summary>
public enum CheckpointChoice
{
    /// <summary>Those with the best bound on the validation images.</summary>
    Best,

    /// <summary>The last that were saved.</summary>
    Last,
}
