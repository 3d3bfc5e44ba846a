using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// A coupling transformation (Dinh et al. 2015): a part of the vector passes and decides the elementwise map of the rest.
/// Both directions take one pass.
/// </summary>
public sealed class CouplingBijector : Bijector
{
    private readonly long _start;
    private readonly long _count;
    private readonly Func<torch.Tensor, Bijector> _bind;

    /// <summary>A coupling of a vector.</summary>
    /// <param name="start">Index of the first element that passes: the part is at one of the vector's ends.</param>
    /// <param name="count">How many elements pass; may be 0.</param>
    /// <param name="bind">The elementwise bijector of the rest from the elements that pass, [..., count].</param>
    public CouplingBijector(long start, long count, Func<torch.Tensor, Bijector> bind)
    {
        _start = start;
        _count = count;
        _bind = bind;
    }

    /// <inheritdoc/>
    public override int EventRank => 1;

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x) =>
        Apply(x, static (bijector, rest) => bijector.Forward(rest));

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y) =>
        Apply(y, static (bijector, rest) => bijector.Inverse(rest));

    private (torch.Tensor Value, torch.Tensor LogDeterminant) Apply(
        torch.Tensor value,
        Func<Bijector, torch.Tensor, (torch.Tensor Value, torch.Tensor LogDeterminant)> map)
    {
        ArgumentNullException.ThrowIfNull(value);
        long rest = value.shape[^1] - _count;
        var passing = value.narrow(-1, _start, _count);
        var (mapped, logDeterminant) = map(_bind(passing), value.narrow(-1, _start == 0 ? _count : 0, rest));
        passing = passing.expand([.. mapped.shape[..^1], _count]);
        return (
            torch.cat(_start == 0 ? [passing, mapped] : [mapped, passing], -1),
            EventSum.Of(logDeterminant, 1));
    }
}
