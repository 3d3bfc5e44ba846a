using TorchSharp;

namespace Sere.Bijectors;

/// <summary>The dimensions of a vector in another order.</summary>
public sealed class PermutationBijector : Bijector
{
    private readonly torch.Tensor _order;

    /// <summary>y_i = x_order(i).</summary>
    /// <param name="order">Each of 0..N-1 once, int64 [N].</param>
    public PermutationBijector(torch.Tensor order)
    {
        _order = order;
    }

    /// <inheritdoc/>
    public override int EventRank => 1;

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x) => Ordered(x, _order);

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y) => Ordered(y, _order.argsort());

    private static (torch.Tensor Value, torch.Tensor LogDeterminant) Ordered(torch.Tensor x, torch.Tensor order)
    {
        var y = x.index_select(-1, order);
        return (y, torch.zeros(y.shape[..^1], y.dtype, y.device));
    }
}
