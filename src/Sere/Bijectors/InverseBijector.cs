using TorchSharp;

namespace Sere.Bijectors;

/// <summary>The inverse of a bijector, as a bijector.</summary>
public sealed class InverseBijector : Bijector
{
    private readonly Bijector _inner;

    /// <summary>The inverse of <paramref name="inner"/>.</summary>
    public InverseBijector(Bijector inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        _inner = inner;
    }

    /// <inheritdoc/>
    public override int EventRank => _inner.EventRank;

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x) => _inner.Inverse(x);

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y) => _inner.Forward(y);
}
