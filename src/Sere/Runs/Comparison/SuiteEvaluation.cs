namespace Sere.Runs.Comparison;

/// <summary>How the rows of a suite are evaluated.</summary>
public sealed record SuiteEvaluation
{
    /// <summary>K, the importance samples of each image; at least 1.</summary>
    public int ImportanceSamples { get; init; } = 1000;

    /// <summary>How many test images are evaluated, from the first; at least 1, or null for all.</summary>
    public int? Limit { get; init; }
}
