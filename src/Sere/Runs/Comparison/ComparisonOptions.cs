namespace Sere.Runs.Comparison;

/// <summary>What a user asks of a suite beside what it says itself; null leaves the suite's own.</summary>
public sealed record ComparisonOptions
{
    /// <summary>How often every training image is seen.</summary>
    public int? Epochs { get; init; }

    /// <summary>The seed of initialization and training of every row; else that of the reference's configuration.</summary>
    public long? Seed { get; init; }

    /// <summary>K, the importance samples of each evaluated image.</summary>
    public int? ImportanceSamples { get; init; }

    /// <summary>How many test images are evaluated.</summary>
    public int? Limit { get; init; }
}
