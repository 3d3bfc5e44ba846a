using Sere.Bijectors;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Distributions;

/// <summary>
/// A probability distribution over events of one or more dimensions. An immutable value that borrows its parameter
/// tensors. Log-densities are in nats.
/// </summary>
internal abstract class Distribution
{
    /// <summary>Number of trailing dimensions that form one event.</summary>
    public abstract int EventRank { get; }

    /// <summary>The log-density or log-mass of <paramref name="x"/>: its shape without the event dimensions, in nats.</summary>
    public abstract torch.Tensor LogProb(torch.Tensor x);
}

/// <summary>A distribution over vectors whose dimensions are independent.</summary>
internal abstract class FactorizedDistribution : DataDistribution
{
    /// <summary>Log-density of each dimension, [..., D], in nats.</summary>
    public abstract torch.Tensor LogProbPerDimension(torch.Tensor x);

    public override torch.Tensor LogProbPerPosition(torch.Tensor x) => LogProbPerDimension(x);
}

/// <summary>
/// A distribution of a block of data, [..., D]: what sampling, pictures and coding need of it. Its dimensions belong to
/// positions, each of one dimension or of the channels of a pixel, that are independent of each other, or of which each
/// depends on those before it.
/// </summary>
internal abstract class DataDistribution : Distribution
{
    public override int EventRank => 1;

    /// <summary>The mean of each dimension, [..., D], or what stands for it in pictures.</summary>
    public abstract torch.Tensor Mean { get; }

    /// <summary>Log-density or log-mass of each position, [..., positions], in nats.</summary>
    public abstract torch.Tensor LogProbPerPosition(torch.Tensor x);

    /// <summary>
    /// The distributions of the positions, each given the positions before it in <paramref name="x"/>: this one, where
    /// positions are independent.
    /// </summary>
    /// <param name="x">[..., D].</param>
    public virtual DataDistribution Given(torch.Tensor x) => this;

    /// <summary>
    /// How many standard deviations each dimension lies above its mean, both given what comes before it: [..., D].
    /// </summary>
    public abstract torch.Tensor Standardize(torch.Tensor x);

    /// <summary>
    /// Maps uniform numbers in [0, 1), one for each dimension, to a draw (inversion of the distribution of each dimension,
    /// given those before it).
    /// </summary>
    public abstract torch.Tensor FromUniform(torch.Tensor uniform);

    public override torch.Tensor LogProb(torch.Tensor x) => LogProbPerPosition(x).sum(-1);
}

/// <summary>A distribution over vectors whose draws are a function of standard normal noise.</summary>
internal interface IReparameterized
{
    /// <summary>A draw from standard normal noise [..., N].</summary>
    /// <param name="noise">Standard normal noise, [..., N].</param>
    /// <param name="temperature">Factor on the noise; 1 draws from the distribution itself.</param>
    torch.Tensor FromNoise(torch.Tensor noise, double temperature = 1);
}

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
