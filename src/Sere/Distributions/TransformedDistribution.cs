using Sere.Bijectors;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Distributions;

/// <summary>The distribution of z = f(eps) with eps from a base distribution and f a bijector.</summary>
public sealed class TransformedDistribution : Distribution
{
    private readonly Distribution _base;
    private readonly Bijector _bijector;

    /// <summary>The push-forward of <paramref name="baseDistribution"/> under <paramref name="bijector"/>.</summary>
    /// <param name="baseDistribution">Of eps. Where the bijector is batched it must be too: its shape is that of a draw.</param>
    /// <param name="bijector">f.</param>
    public TransformedDistribution(Distribution baseDistribution, Bijector bijector)
    {
        ArgumentNullException.ThrowIfNull(baseDistribution);
        ArgumentNullException.ThrowIfNull(bijector);
        _base = baseDistribution;
        _bijector = bijector;
        EventRank = Math.Max(_base.EventRank, _bijector.EventRank);
    }

    /// <inheritdoc/>
    public override int EventRank { get; }

    /// <summary>
    /// KL(q || p) where q and p share one bijector: the KL of their bases (Proposition 1), in nats. Its shape is that of
    /// the log-densities.
    /// </summary>
    /// <exception cref="ArgumentException">The bijectors are not one object, or a base is not normal.</exception>
    public static torch.Tensor KullbackLeibler(TransformedDistribution q, TransformedDistribution p)
    {
        ArgumentNullException.ThrowIfNull(q);
        ArgumentNullException.ThrowIfNull(p);
        if (!ReferenceEquals(q._bijector, p._bijector))
        {
            throw new ArgumentException("Proposition 1 needs one bijector shared by both distributions.", nameof(p));
        }

        return q._base is DiagonalNormal qBase && p._base is DiagonalNormal pBase
            ? EventSum.Of(qBase.KullbackLeibler(pBase), q.EventRank - qBase.EventRank)
            : throw new ArgumentException("The bases have no Kullback-Leibler divergence in closed form.", nameof(q));
    }

    /// <inheritdoc/>
    public override torch.Tensor LogProb(torch.Tensor x)
    {
        var (eps, logDeterminant) = _bijector.Inverse(x);
        return BaseLogProb(eps).Plus(EventSum.Of(logDeterminant, EventRank - _bijector.EventRank));
    }

    /// <inheritdoc/>
    public override torch.Tensor Sample(torch.Generator generator, params long[] sampleShape) =>
        _bijector.Transform(_base.Sample(generator, sampleShape));

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogProb) SampleAndLogProb(
        torch.Generator generator,
        params long[] sampleShape)
    {
        var eps = _base.Sample(generator, sampleShape);
        var (value, logDeterminant) = _bijector.Forward(eps);
        return (value, BaseLogProb(eps) - EventSum.Of(logDeterminant, EventRank - _bijector.EventRank));
    }

    private torch.Tensor BaseLogProb(torch.Tensor eps) => EventSum.Of(_base.LogProb(eps), EventRank - _base.EventRank);
}
