namespace Sere.Models.Configuration;

/// <summary>When a run is saved. It changes no figure: only how much work an accident can cost.</summary>
public sealed record CheckpointConfiguration
{
    /// <summary>A checkpoint at the end of every so many epochs, and of the last; at least 1.</summary>
    public int EveryEpochs { get; init; } = 1;

    /// <summary>
    /// A checkpoint, between two steps, once so many minutes have passed since the last; greater than 0, or null for none.
    /// </summary>
    public double? EveryMinutes { get; init; } = 10;

    /// <summary>How many of the last checkpoints are kept; at least 1.</summary>
    public int Kept { get; init; } = 2;

    internal void Validate(string path)
    {
        const string Positive = "a whole number from 1 to 1000000000";
        ConfigurationCheck.Require(
            EveryEpochs is >= 1 and <= ConfigurationCheck.MaximumCount, $"{path}.everyEpochs", EveryEpochs, Positive);
        ConfigurationCheck.Require(
            EveryMinutes is null or (> 0 and <= ConfigurationCheck.MaximumCount),
            $"{path}.everyMinutes",
            EveryMinutes,
            $"greater than 0 and at most {ConfigurationCheck.MaximumCount}, or null");
        ConfigurationCheck.Require(
            Kept is >= 1 and <= ConfigurationCheck.MaximumCount, $"{path}.kept", Kept, Positive);
    }
}
