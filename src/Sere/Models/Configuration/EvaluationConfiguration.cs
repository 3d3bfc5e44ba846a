namespace Sere.Models.Configuration;

/// <summary>How a trained model is evaluated.</summary>
public sealed record EvaluationConfiguration
{
    /// <summary>K, the importance samples of each image; 1 to 1000000.</summary>
    public int ImportanceSamples { get; init; } = 100;

    /// <summary>How many images of the split are evaluated, from its first; at least 1, or null for all.</summary>
    public int? Limit { get; init; }

    internal void Validate(string path)
    {
        ConfigurationCheck.Require(
            ImportanceSamples is >= 1 and <= ConfigurationCheck.MaximumSamples,
            $"{path}.importanceSamples",
            ImportanceSamples,
            $"a whole number from 1 to {ConfigurationCheck.MaximumSamples}");
        ConfigurationCheck.Require(
            Limit is null or (>= 1 and <= ConfigurationCheck.MaximumCount),
            $"{path}.limit",
            Limit,
            $"a whole number from 1 to {ConfigurationCheck.MaximumCount}, or null");
    }
}
