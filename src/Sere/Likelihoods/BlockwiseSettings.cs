using Sere.Networks;
using Sere.Partitions;

namespace Sere.Likelihoods;

/// <summary>How a <see cref="BlockwiseLikelihood"/> is built.</summary>
/// <param name="Partition">How x is cut into blocks; one block a layer.</param>
/// <param name="Graph">The blocks that each data layer sees (coupling iii); <see cref="CouplingGraph.Uncoupled"/> for none.</param>
/// <param name="Latents">N_l of each layer.</param>
/// <param name="Family">The distribution of a dimension.</param>
public sealed record BlockwiseSettings(
    Partition Partition,
    CouplingGraph Graph,
    IReadOnlyList<int> Latents,
    DataFamily Family)
{
    /// <summary>How the previous block refines a data layer.</summary>
    public DataResidual Residual { get; init; } = DataResidual.Joint;

    /// <summary>The networks of the data layers.</summary>
    public NetworkDesign Network { get; init; } = new PerceptronDesign([200, 200]);

    /// <summary>The grid on which the codes lie.</summary>
    public LatentGrid Grid { get; init; } = LatentGrid.None;
}
