using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>Elementwise y = shift + scale x with scale &gt; 0.</summary>
public sealed class DiagonalAffineBijector : Bijector
{
    private readonly torch.Tensor _shift;
    private readonly torch.Tensor _scale;

    /// <summary>A map with the given tensors, which broadcast against the values.</summary>
    /// <param name="shift">Offset, any shape that broadcasts.</param>
    /// <param name="scale">Positive factor, any shape that broadcasts.</param>
    public DiagonalAffineBijector(torch.Tensor shift, torch.Tensor scale)
    {
        _shift = shift;
        _scale = scale;
    }

    /// <inheritdoc/>
    public override int EventRank => 0;

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var y = Transform(x);
        return (y, _scale.log().expand_as(y));
    }

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        var x = (y - _shift) / _scale;
        return (x, (-_scale.log()).expand_as(x));
    }

    /// <inheritdoc/>
    public override torch.Tensor Transform(torch.Tensor x) => TensorMath.MultiplyAdd(_shift, _scale, x);
}
