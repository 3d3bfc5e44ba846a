namespace Sere.Models.Configuration;

/// <summary>
/// One block for each place of a checkerboard: every s-th pixel of every s-th row, of all channels. JSON kind
/// "checkerboard".
/// </summary>
public sealed record CheckerboardPartitionConfiguration : PartitionConfiguration
{
    private const int LargestStride = 100;

    /// <summary>s, which divides height and width; the model has s * s layers. 1 to 100.</summary>
    public int Stride { get; init; } = 4;

    /// <summary>What a layer is conditioned on: the one before it, or those left of it and above it.</summary>
    public CheckerboardGraph Graph { get; init; } = CheckerboardGraph.Chain;

    internal override void Validate(string path)
    {
        ConfigurationCheck.Require(
            Stride is >= 1 and <= LargestStride, $"{path}.stride", Stride, $"a whole number from 1 to {LargestStride}");
        ConfigurationCheck.RequireNamed($"{path}.graph", Graph);
    }
}
