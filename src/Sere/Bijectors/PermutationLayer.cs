using Sere.Networks;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// A random order of the dimensions, the same for every context. It is drawn like an initial weight, so that the seed of a
/// run brings it back: checkpoints need not hold it.
/// </summary>
public sealed class PermutationLayer : AmortizedBijector
{
    // In a list: fields would be registered as buffers.
    private readonly torch.Tensor[] _orders;

    /// <summary>A freshly drawn order of N dimensions.</summary>
    public PermutationLayer(int dimensions, ParameterInitializer initializer)
        : base(nameof(PermutationLayer))
    {
        ArgumentNullException.ThrowIfNull(initializer);
        var order = initializer.Permutation(dimensions);
        _orders = [order, order.argsort()];
    }

    /// <inheritdoc/>
    public override Bijector Bind(torch.Tensor? context) => new PermutationBijector(_orders[0], _orders[1]);
}
