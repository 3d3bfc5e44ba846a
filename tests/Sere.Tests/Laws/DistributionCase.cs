using Sere.Distributions;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>A distribution under test.</summary>
/// <param name="Bind">Makes the distribution of its parameters, as often as asked.</param>
/// <param name="BatchShape">Shape of its log-densities.</param>
/// <param name="EventShape">Shape of one event.</param>
/// <param name="Leaves">The parameters and contexts that it depends on.</param>
internal sealed record DistributionCase(
    Func<Distribution> Bind,
    long[] BatchShape,
    long[] EventShape,
    IReadOnlyList<torch.Tensor> Leaves)
{
    // What lies beyond has a mass below 1e-15 in every case of the table; points are closer than the smallest standard
    // deviation, where the trapezoid rule is exact to rounding for a normal density.
    private const double Extent = 16;
    private const int PointsPerAxis = 257;

    /// <summary>Whether the events are vectors of zeros and ones.</summary>
    public bool IsBinary { get; init; }

    /// <summary>Dimensions of an event.</summary>
    public int EventSize => (int)EventShape.Aggregate(1L, (size, length) => size * length);

    /// <summary>A value for each element of the batch.</summary>
    public torch.Tensor Value(long seed) => IsBinary
        ? Float64.Uniform(seed, [.. BatchShape, .. EventShape]).round()
        : Float64.Normal(seed, [.. BatchShape, .. EventShape]);

    /// <summary>
    /// All outcomes [G, EventSize] and the probability of each [G, ...BatchShape]: masses where there are finitely many,
    /// else densities times the volume that a point of a grid stands for.
    /// </summary>
    public (torch.Tensor Outcomes, torch.Tensor Probabilities) Tabulate()
    {
        using var noGrad = torch.no_grad();
        var (outcomes, logVolume) = IsBinary
            ? (Float64.BinaryVectors(EventSize), 0)
            : Float64.Grid(EventSize, Extent, PointsPerAxis);
        long[] shape = [outcomes.shape[0], .. BatchShape.Select(_ => 1L), .. EventShape];
        return (outcomes, Bind().LogProb(outcomes.view(shape)).Plus(logVolume).exp());
    }
}
