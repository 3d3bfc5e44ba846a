using Sere.Bijectors;
using Sere.Distributions;
using Sere.Networks;
using Sere.Partitions;

namespace Sere.Hierarchies;

/// <summary>How a <see cref="SelfReflectiveHierarchy"/> is built.</summary>
/// <param name="Latents">N_l of each layer.</param>
/// <param name="Graph">The parents of each layer.</param>
public sealed record SelfReflectiveSettings(IReadOnlyList<int> Latents, CouplingGraph Graph)
{
    /// <summary>Coupling (i): the parents' codes condition the prior of eps_l.</summary>
    public bool CouplePrior { get; init; } = true;

    /// <summary>Coupling (ii): the parents' codes condition the bijector f_l.</summary>
    public bool CoupleBijector { get; init; } = true;

    /// <summary>The bijectors f_l.</summary>
    public BijectorSettings Bijector { get; init; } = new();

    /// <summary>The networks of the prior (and of the posterior's own base).</summary>
    public NetworkDesign PriorNetwork { get; init; } = new PerceptronDesign([100, 100]);

    /// <summary>The grid on which the latents lie.</summary>
    public LatentGrid Grid { get; init; } = LatentGrid.None;

    /// <summary>Bound of the prior's mean.</summary>
    public double MeanBound { get; init; } = 5;

    /// <summary>Lower bound of the prior's standard deviation.</summary>
    public double ScaleFloor { get; init; } = Math.Exp(-4);

    /// <summary>Upper bound of the prior's standard deviation.</summary>
    public double ScaleCeiling { get; init; } = Math.Exp(2);

    /// <summary>How the evidence refines the posterior's base.</summary>
    public PosteriorResidual Residual { get; init; } = PosteriorResidual.Scaled;

    /// <summary>ds at the start, within (0, 1).</summary>
    public double InitialResidualScale { get; init; } = 0.95;
}
