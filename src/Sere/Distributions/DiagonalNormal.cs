using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Distributions;

/// <summary>Independent normal dimensions.</summary>
/// <param name="mean">[..., N].</param>
/// <param name="logScale">Log of the standard deviation, [..., N]; the two broadcast.</param>
internal class DiagonalNormal(torch.Tensor mean, torch.Tensor logScale) : FactorizedDistribution, IReparameterized
{
    private const double HalfLogTwoPi = 0.91893853320467274178;

    public override torch.Tensor Mean => mean;

    /// <summary>Logarithm of the standard deviation, [..., N].</summary>
    public torch.Tensor LogScale { get; } = logScale;

    /// <summary>N(0, I) over <paramref name="size"/> dimensions, like <paramref name="like"/> in type and device.</summary>
    public static DiagonalNormal Standard(int size, torch.Tensor like)
    {
        var zero = torch.zeros(size, like.dtype, like.device);
        return new DiagonalNormal(zero, zero);
    }

    /// <summary>mean + scale noise: a reparameterized draw from standard normal noise.</summary>
    /// <param name="noise">Standard normal noise, [..., N].</param>
    /// <param name="temperature">Factor on the standard deviation.</param>
    public torch.Tensor FromNoise(torch.Tensor noise, double temperature = 1)
    {
        var scale = LogScale.exp();
        return TensorMath.MultiplyAdd(mean, temperature == 1 ? scale : scale.Times(temperature), noise);
    }

    public override torch.Tensor LogProbPerDimension(torch.Tensor x)
    {
        return (Standardize(x).Square().Times(-0.5) - LogScale).Minus(HalfLogTwoPi);
    }

    public override torch.Tensor Standardize(torch.Tensor x) => (x - mean) * (-LogScale).exp();

    public override torch.Tensor FromUniform(torch.Tensor uniform) =>
        FromNoise(uniform.Times(2).Minus(1).Clamp(-1 + 1e-7, 1 - 1e-7).erfinv().Times(Math.Sqrt(2)));

    /// <summary>KL(this || other) of each dimension in nats, [..., N].</summary>
    public virtual torch.Tensor KullbackLeiblerPerDimension(DiagonalNormal other)
    {
        var logRatio = LogScale - other.LogScale;
        var shift = (mean - other.Mean) * (-other.LogScale).exp();
        return logRatio.Times(2).exp().Plus(shift.Square()).Minus(1).Times(0.5) - logRatio;
    }
}

/// <summary>
/// An amortized diagonal normal (section 3.4.1): (mu, log s) is a function of a context, each through a smooth bound so
/// that no code can drive the next layer out of range (docs/decisions/stability.md).
/// </summary>
internal sealed class NormalLayer : torch.nn.Module
{
    /// <summary>The default bound of means.</summary>
    internal const double MeanWithin = 5;

    /// <summary>The default lower bound of standard deviations, exp(-4).</summary>
    internal const double SmallestScale = 0.018315638888734179;

    /// <summary>Their default upper bound, exp(2).</summary>
    internal const double LargestScale = 7.38905609893065;

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
