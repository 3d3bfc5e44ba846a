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
    private readonly ContextNetwork _context;
    private readonly double _diagonalFloor;
    private readonly double _diagonalCeiling;
    private readonly double _directionBound;

    /// <summary>A layer over N latents.</summary>
    /// <param name="latents">N.</param>
    /// <param name="parameters">Gives (c, d, u) before their bounds: 3N values.</param>
    /// <param name="diagonalFloor">Lower bound of d, positive.</param>
    /// <param name="diagonalCeiling">Upper bound of d, above 1.</param>
    public RankOneAffineLayer(int latents, ContextNetwork parameters, double diagonalFloor, double diagonalCeiling)
        : base(nameof(RankOneAffineLayer))
    {
        _context = parameters;
        _diagonalFloor = diagonalFloor;
        _diagonalCeiling = diagonalCeiling;
        _directionBound = Math.Sqrt(Math.Min(1, 10.0 / latents));
        register_module("parameters", parameters);
    }

    /// <inheritdoc/>
    public override Bijector Bind(torch.Tensor? context)
    {
        var parts = _context.Forward(context).chunk(3, -1);
        return new RankOneAffineBijector(
            parts[0],
            SmoothBounds.Interval(parts[1], _diagonalFloor, _diagonalCeiling, start: 1),
            parts[2].tanh() * _directionBound);
    }
}
