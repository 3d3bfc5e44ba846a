using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>Elementwise y = shift + scale x with scale &gt; 0.</summary>
/// <param name="shift">Offset, any shape that broadcasts.</param>
/// <param name="scale">Positive factor, any shape that broadcasts.</param>
internal sealed class DiagonalAffineBijector(torch.Tensor shift, torch.Tensor scale) : Bijector
{
    public override int EventRank => 0;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var y = Transform(x);
        return (y, scale.log().expand_as(y));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        var x = (y - shift) / scale;
        return (x, (-scale.log()).expand_as(x));
    }

    public override torch.Tensor Transform(torch.Tensor x) => TensorMath.MultiplyAdd(shift, scale, x);
}

/// <summary>z = c + diag(d) eps. JSON kind "diagonal-affine".</summary>
public sealed record DiagonalAffine : AffineChoice
{
    internal override AmortizedBijector Build(BijectorSlot slot) =>
        new DiagonalAffineLayer(Parameters(slot, 2), DiagonalFloor, DiagonalCeiling);
}

/// <summary>
/// The amortized diagonal affine bijector z = c + diag(d) eps with (c, d) = beta(z_{l-1}), or learned constants; d lies in an
/// interval around 1 (docs/decisions/stability.md). The rank-one affine map without its rank one.
/// </summary>
internal sealed class DiagonalAffineLayer : AmortizedBijector
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

    public override Bijector Bind(torch.Tensor? context)
    {
        var parts = _context.Forward(context).chunk(2, -1);
        return new BlockBijector(new DiagonalAffineBijector(parts[0], _diagonal.Apply(parts[1])), 1);
    }
}
