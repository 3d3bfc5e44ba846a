using Sere.Networks;

namespace Sere.Hierarchies;

/// <summary>How a <see cref="LadderHierarchy"/> is built.</summary>
/// <param name="Latents">N_l of each layer, from the top one, which is drawn first.</param>
/// <param name="Widths">Width of the networks of each layer.</param>
public sealed record LadderSettings(IReadOnlyList<int> Latents, IReadOnlyList<int> Widths)
{
    /// <summary>Hidden layers of each network.</summary>
    public int HiddenLayers { get; init; } = 2;

    /// <summary>Activation of the networks.</summary>
    public Activation Activation { get; init; } = Activation.LeakyRelu;

    /// <summary>Bound of the prior's mean.</summary>
    public double MeanBound { get; init; } = 5;

    /// <summary>Lower bound of standard deviations.</summary>
    public double ScaleFloor { get; init; } = Math.Exp(-4);

    /// <summary>Upper bound of standard deviations, above 1.</summary>
    public double ScaleCeiling { get; init; } = Math.Exp(2);
}
