using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Distributions;

/// <summary>
/// An amortized diagonal normal (section 3.4.1): (mu, log s) is a function of a context, each through a smooth bound so
/// that no code can drive the next layer out of range (docs/decisions/stability.md).
/// </summary>
public sealed class NormalLayer : torch.nn.Module
{
    /// <summary>A layer over N dimensions.</summary>
    /// <param name="parameters">Gives mean and log-scale before their bounds: 2N values.</param>
    /// <param name="meanBound">The mean lies within (-meanBound, meanBound).</param>
    /// <param name="scaleFloor">Lower bound of the standard deviation.</param>
    /// <param name="scaleCeiling">Upper bound of the standard deviation.</param>
    public NormalLayer(ContextNetwork parameters, double meanBound, double scaleFloor, double scaleCeiling)
        : base(nameof(NormalLayer))
    {
        Context = parameters;
        MeanBound = meanBound;
        double floor = Math.Log(scaleFloor);
        double ceiling = Math.Log(scaleCeiling);

        // A standard deviation of 1 at the start; where the floor is 1 already, just above it.
        double margin = 0.05 * (ceiling - floor);
        LogScale = new SmoothInterval(floor, ceiling, Math.Clamp(0, floor + margin, ceiling - margin));
        register_module("parameters", parameters);
    }

    /// <summary>Gives the parameters before their bounds.</summary>
    internal ContextNetwork Context { get; }

    /// <summary>Bound of the mean.</summary>
    internal double MeanBound { get; }

    /// <summary>Interval of log s.</summary>
    internal SmoothInterval LogScale { get; }

    /// <summary>The distribution for a context [..., C], or for none.</summary>
    public DiagonalNormal Bind(torch.Tensor? context)
    {
        var parts = Unbounded(context).chunk(2, -1);
        return new DiagonalNormal(SmoothBounds.Symmetric(parts[0], MeanBound), LogScale.Apply(parts[1]));
    }

    /// <summary>Mean and log-scale before their bounds, [..., 2N].</summary>
    internal torch.Tensor Unbounded(torch.Tensor? context) => Context.Forward(context);
}
