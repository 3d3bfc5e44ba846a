using Sere.Bijectors;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Distributions;

/// <summary>The distribution of z = f(eps) with eps from a base distribution and f a bijector.</summary>
/// <param name="baseDistribution">Of eps. Where the bijector is batched it must be too: its shape is that of a draw.</param>
/// <param name="bijector">f.</param>
internal sealed class TransformedDistribution(Distribution baseDistribution, Bijector bijector) : Distribution
{
    /// <summary>The distribution of eps.</summary>
    public Distribution Base => baseDistribution;

    /// <summary>f.</summary>
    public Bijector Bijector => bijector;

    public override int EventRank => Math.Max(Base.EventRank, Bijector.EventRank);

    /// <summary>
    /// KL(q || p) where q and p share one bijector: the KL of their bases (Proposition 1), of each dimension of the base in
    /// nats, [..., N].
    /// </summary>
    /// <exception cref="ArgumentException">The bijectors are not one object, or a base is not normal.</exception>
    public static torch.Tensor KullbackLeiblerPerDimension(TransformedDistribution q, TransformedDistribution p) =>
        !ReferenceEquals(q.Bijector, p.Bijector)
            ? throw new ArgumentException("Proposition 1 needs one bijector shared by both distributions.", nameof(p))
            : q.Base is DiagonalNormal qBase && p.Base is DiagonalNormal pBase
                ? qBase.KullbackLeiblerPerDimension(pBase)
                : throw new ArgumentException("The bases have no Kullback-Leibler divergence in closed form.", nameof(q));

    public override torch.Tensor LogProb(torch.Tensor x)
    {
        var (eps, logDeterminant) = Bijector.Inverse(x);
        return EventSum.Of(Base.LogProb(eps), EventRank - Base.EventRank)
            .Plus(EventSum.Of(logDeterminant, EventRank - Bijector.EventRank));
    }
}
