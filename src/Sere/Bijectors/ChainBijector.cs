using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// Bijectors applied one after the other, the first of the list first. Members may differ in event rank: the chain's is
/// the largest, and the log-determinants of the others are summed over what they lack.
/// </summary>
internal sealed class ChainBijector : Bijector
{
    private readonly Bijector[] _bijectors;

    /// <summary>A chain in the order of application.</summary>
    /// <exception cref="ArgumentException">The list is empty.</exception>
    public ChainBijector(params IReadOnlyList<Bijector> bijectors)
    {
        if (bijectors.Count == 0)
        {
            throw new ArgumentException("A chain needs at least one bijector.", nameof(bijectors));
        }

        _bijectors = [.. bijectors];
        EventRank = _bijectors.Max(bijector => bijector.EventRank);
    }

    public override int EventRank { get; }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x) =>
        Compose(x, _bijectors, static (bijector, value) => bijector.Forward(value));

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y) =>
        Compose(y, _bijectors.Reverse(), static (bijector, value) => bijector.Inverse(value));

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

/// <summary>Amortized bijectors one after the other, which all see one context.</summary>
internal sealed class FlowLayer : AmortizedBijector
{
    private readonly AmortizedBijector[] _steps;

    /// <summary>A flow in the order of application.</summary>
    /// <param name="steps">Its steps, at least one; those with parameters of a context take the same.</param>
    public FlowLayer(params IReadOnlyList<AmortizedBijector> steps)
        : base(nameof(FlowLayer))
    {
        ArgumentOutOfRangeException.ThrowIfZero(steps.Count, nameof(steps));
        _steps = [.. steps];
        foreach (var (index, step) in steps.Index())
        {
            register_module($"step{index}", step);
        }
    }

    public override Bijector Bind(torch.Tensor? context) =>
        new ChainBijector([.. _steps.Select(step => step.Bind(context))]);

    /// <summary>
    /// Fits the statistics of batch normalization to data: each layer's to what the steps before it make of the data.
    /// </summary>
    /// <param name="batches">The data, each [B, N], overwritten by what the flow makes of it.</param>
    /// <param name="contexts">The context of each batch; null for none.</param>
    public void FitStatistics(IList<torch.Tensor> batches, IReadOnlyList<torch.Tensor?> contexts)
    {
        using var noGrad = torch.no_grad();
        foreach (var step in _steps)
        {
            if (step is BatchNormalizationLayer normalization)
            {
                using var all = torch.cat(batches);
                normalization.Statistics.Fit(all);
            }

            for (int batch = 0; batch < batches.Count; batch++)
            {
                using var scope = torch.NewDisposeScope();
                batches[batch].copy_(step.Bind(contexts[batch]).Transform(batches[batch]));
            }
        }
    }

    /// <summary>Whether the flow has statistics to fit.</summary>
    public bool HasStatistics => _steps.Any(step => step is BatchNormalizationLayer);
}

/// <summary>
/// An inner bijector whose further leading dimensions count as part of the event: log-determinants are summed over them.
/// </summary>
internal sealed class BlockBijector : Bijector
{
    private readonly Bijector _inner;
    private readonly int _dimensions;

    /// <summary>Takes <paramref name="dimensions"/> more trailing dimensions into the event.</summary>
    public BlockBijector(Bijector inner, int dimensions)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(dimensions);
        _inner = inner;
        _dimensions = dimensions;
    }

    public override int EventRank => _inner.EventRank + _dimensions;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var (value, logDeterminant) = _inner.Forward(x);
        return (value, EventSum.Of(logDeterminant, _dimensions));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        var (value, logDeterminant) = _inner.Inverse(y);
        return (value, EventSum.Of(logDeterminant, _dimensions));
    }

    public override torch.Tensor Transform(torch.Tensor x) => _inner.Transform(x);
}
