using Sere.Bijectors;

namespace Sere.Hierarchies;

/// <summary>How a <see cref="FlowPosteriorHierarchy"/> is built.</summary>
/// <param name="Latents">N.</param>
/// <param name="Context">Size of the context that the encoder gives to the flow, C.</param>
public sealed record FlowPosteriorSettings(int Latents, int Context)
{
    /// <summary>The flow from the base of the posterior to z.</summary>
    public BijectorSettings Bijector { get; init; } = new() { Kind = BijectorKind.InverseAutoregressive, FlowSteps = 10 };

    /// <summary>Standard deviation of the base before training, between the two bounds.</summary>
    public double InitialScale { get; init; } = 0.95;

    /// <summary>Lower bound of that standard deviation.</summary>
    public double ScaleFloor { get; init; } = Math.Exp(-4);

    /// <summary>Upper bound of that standard deviation.</summary>
    public double ScaleCeiling { get; init; } = Math.Exp(2);
}
