using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// The inverse of an autoregressive map element by element, by a <see cref="SequentialMade"/>: as many steps as passes
/// otherwise, but each of a small part of the network alone. Without gradients.
/// </summary>
internal sealed class SequentialInverse
{
    private readonly SequentialMade _network;
    private readonly Func<torch.Tensor[], Bijector> _bind;

    /// <summary>An inverse of fresh values.</summary>
    /// <param name="network">Before its first input.</param>
    /// <param name="bind">The elementwise bijector of one element from its parameters, each [R].</param>
    public SequentialInverse(SequentialMade network, Func<torch.Tensor[], Bijector> bind)
    {
        _network = network;
        _bind = bind;
    }

    /// <summary>The inverse at y [R, D], and its log-determinant [R].</summary>
    public (torch.Tensor Value, torch.Tensor LogDeterminant) Invert(torch.Tensor y)
    {
        var x = torch.zeros_like(y);
        var total = torch.zeros(y.shape[0], y.dtype, y.device);
        for (long element = 0; element < y.shape[1]; element++)
        {
            using var scope = torch.NewDisposeScope();
            var (value, logDeterminant) = _bind(_network.Next()).Inverse(y.select(1, element));
            x.select(1, element).copy_(value);
            total.PlusInPlace(logDeterminant);
            _network.Give(value);
        }

        return (x, total);
    }
}
