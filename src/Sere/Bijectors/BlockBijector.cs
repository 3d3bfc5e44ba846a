using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// An inner bijector whose further leading dimensions count as part of the event: log-determinants are summed over them.
/// </summary>
public sealed class BlockBijector : Bijector
{
    private readonly Bijector _inner;
    private readonly int _dimensions;

    /// <summary>Takes <paramref name="dimensions"/> more trailing dimensions into the event.</summary>
    public BlockBijector(Bijector inner, int dimensions)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentOutOfRangeException.ThrowIfNegative(dimensions);
        _inner = inner;
        _dimensions = dimensions;
    }

    /// <inheritdoc/>
    public override int EventRank => _inner.EventRank + _dimensions;

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var (value, logDeterminant) = _inner.Forward(x);
        return (value, EventSum.Of(logDeterminant, _dimensions));
    }

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        var (value, logDeterminant) = _inner.Inverse(y);
        return (value, EventSum.Of(logDeterminant, _dimensions));
    }

    /// <inheritdoc/>
    public override torch.Tensor Transform(torch.Tensor x) => _inner.Transform(x);
}
