using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// Bijectors applied one after the other, the first of the list first. Members may differ in event rank: the chain's is
/// the largest, and the log-determinants of the others are summed over what they lack.
/// </summary>
public sealed class ChainBijector : Bijector
{
    private readonly Bijector[] _bijectors;

    /// <summary>A chain in the order of application.</summary>
    /// <exception cref="ArgumentException">The list is empty.</exception>
    public ChainBijector(params IReadOnlyList<Bijector> bijectors)
    {
        ArgumentNullException.ThrowIfNull(bijectors);
        if (bijectors.Count == 0)
        {
            throw new ArgumentException("A chain needs at least one bijector.", nameof(bijectors));
        }

        _bijectors = [.. bijectors];
        EventRank = _bijectors.Max(bijector => bijector.EventRank);
    }

    /// <inheritdoc/>
    public override int EventRank { get; }

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x) =>
        Compose(x, _bijectors, static (bijector, value) => bijector.Forward(value));

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y) =>
        Compose(y, _bijectors.Reverse(), static (bijector, value) => bijector.Inverse(value));

    /// <inheritdoc/>
    public override torch.Tensor Transform(torch.Tensor x) =>
        _bijectors.Aggregate(x, static (value, bijector) => bijector.Transform(value));

    private (torch.Tensor Value, torch.Tensor LogDeterminant) Compose(
        torch.Tensor value,
        IEnumerable<Bijector> order,
        Func<Bijector, torch.Tensor, (torch.Tensor Value, torch.Tensor LogDeterminant)> apply)
    {
        torch.Tensor? total = null;
        foreach (var bijector in order)
        {
            (value, var logDeterminant) = apply(bijector, value);
            logDeterminant = EventSum.Of(logDeterminant, EventRank - bijector.EventRank);
            total = total is null ? logDeterminant : total.Plus(logDeterminant);
        }

        return (value, total!);
    }
}
