using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// The amortized rank-one affine bijector: (c, d, u) = beta(z_{l-1}), or learned constants in the first layer. Bounded so
/// that u u^T eps cannot grow without limit with z: u within sqrt(min(1, 10/N)) and d in an interval around 1
/// (docs/decisions/stability.md).
/// </summary>
public sealed class RankOneAffineLayer : AmortizedBijector
{
    /// <summary>A layer over N latents.</summary>
    /// <param name="latents">N.</param>
    /// <param name="parameters">Gives (c, d, u) before their bounds: 3N values.</param>
    /// <param name="diagonalFloor">Lower bound of d, positive.</param>
    /// <param name="diagonalCeiling">Upper bound of d, above 1.</param>
    public RankOneAffineLayer(int latents, ContextNetwork parameters, double diagonalFloor, double diagonalCeiling)
        : base(nameof(RankOneAffineLayer))
    {
        Context = parameters;
        Diagonal = new SmoothInterval(diagonalFloor, diagonalCeiling, Start: 1);
        DirectionBound = Math.Sqrt(Math.Min(1, 10.0 / latents));
        register_module("parameters", parameters);
    }

    /// <summary>Gives the parameters before their bounds.</summary>
    internal ContextNetwork Context { get; }

    /// <summary>Interval of d.</summary>
    internal SmoothInterval Diagonal { get; }

    /// <summary>Bound of u.</summary>
    internal double DirectionBound { get; }

    /// <inheritdoc/>
    public override Bijector Bind(torch.Tensor? context)
    {
        var parts = Unbounded(context).chunk(3, -1);
        return new RankOneAffineBijector(parts[0], Diagonal.Apply(parts[1]), parts[2].tanh().Times(DirectionBound));
    }

    /// <summary>(c, d, u) before their bounds, [..., 3N], or [3N] without a context.</summary>
    internal torch.Tensor Unbounded(torch.Tensor? context) => Context.Forward(context);
}
