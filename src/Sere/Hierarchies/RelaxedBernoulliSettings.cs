using Sere.Networks;

namespace Sere.Hierarchies;

/// <summary>How a <see cref="RelaxedBernoulliHierarchy"/> is built.</summary>
/// <param name="Latents">The number of binary latents, n.</param>
/// <param name="Context">Size of the context that the encoder gives to the posterior's network, C.</param>
public sealed record RelaxedBernoulliSettings(int Latents, int Context)
{
    /// <summary>Hidden widths of the posterior's masked network.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [200, 200];

    /// <summary>Activation of that network.</summary>
    public Activation Activation { get; init; } = Activation.Elu;

    /// <summary>Temperature of the relaxed posterior.</summary>
    public double PosteriorTemperature { get; init; } = 2.0 / 3;

    /// <summary>Temperature of the relaxed prior.</summary>
    public double PriorTemperature { get; init; } = 0.5;
}
