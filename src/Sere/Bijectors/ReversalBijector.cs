using TorchSharp;

namespace Sere.Bijectors;

/// <summary>The dimensions of a vector in reverse order: what stands between two autoregressive maps.</summary>
public sealed class ReversalBijector : Bijector
{
    /// <inheritdoc/>
    public override int EventRank => 1;

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var y = Transform(x);
        return (y, torch.zeros(y.shape[..^1], y.dtype, y.device));
    }

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y) => Forward(y);

    /// <inheritdoc/>
    public override torch.Tensor Transform(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.flip(-1);
    }
}
