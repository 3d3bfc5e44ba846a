using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// The amortized diagonal affine bijector z = c + diag(d) eps with (c, d) = beta(z_{l-1}), or learned constants; d lies in an
/// interval around 1 (docs/decisions/stability.md). The rank-one affine map without its rank one.
/// </summary>
public sealed class DiagonalAffineLayer : AmortizedBijector
{
    private readonly ContextNetwork _context;
    private readonly SmoothInterval _diagonal;

    /// <summary>A layer over N latents.</summary>
    /// <param name="parameters">Gives (c, d) before their bounds: 2N values.</param>
    /// <param name="diagonalFloor">Lower bound of d, positive.</param>
    /// <param name="diagonalCeiling">Upper bound of d, above 1.</param>
    public DiagonalAffineLayer(ContextNetwork parameters, double diagonalFloor, double diagonalCeiling)
        : base(nameof(DiagonalAffineLayer))
    {
        _context = parameters;
        _diagonal = new SmoothInterval(diagonalFloor, diagonalCeiling, Start: 1);
        register_module("parameters", parameters);
    }

    /// <inheritdoc/>
    public override Bijector Bind(torch.Tensor? context)
    {
        var parts = _context.Forward(context).chunk(2, -1);
        return new BlockBijector(new DiagonalAffineBijector(parts[0], _diagonal.Apply(parts[1])), 1);
    }
}
