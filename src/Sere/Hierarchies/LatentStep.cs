using Sere.Bijectors;
using Sere.Distributions;
using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>One layer of a top-down pass. What it says of a posterior needs evidence.</summary>
/// <param name="BaseLatent">eps_l, [..., N_l].</param>
/// <param name="Code">z_l, a function of eps_l and of the codes above, [..., N_l].</param>
/// <param name="P">p(z_l | codes above).</param>
/// <param name="Q">q(z_l | codes above, x), where evidence was given.</param>
internal abstract record LatentStep(torch.Tensor BaseLatent, torch.Tensor Code, Distribution P, Distribution? Q)
{
    /// <summary>What a deterministic top-down pass gives to the layers below beside the code; null where codes say all.</summary>
    public torch.Tensor? State { get; init; }

    /// <summary>log p(eps_l | codes above) in nats, [...].</summary>
    public abstract torch.Tensor LogPrior { get; }

    /// <summary>log q(eps_l | codes above, x) in nats, [...].</summary>
    /// <exception cref="InvalidOperationException">The step had no evidence.</exception>
    public abstract torch.Tensor LogPosterior { get; }

    /// <summary>
    /// KL(q || p) of each unit in nats, [..., N_l]: in closed form where <see cref="Hierarchy.HasClosedFormKl"/>, else the
    /// log q - log p of this draw, whose mean it is and which may be negative.
    /// </summary>
    /// <exception cref="InvalidOperationException">The step had no evidence.</exception>
    public abstract torch.Tensor KlPerDimension { get; }

    /// <summary>
    /// How far the posterior lies from the prior, in standard deviations of the prior, [..., N_l]: (mu_q - mu_p) / s_p, or of
    /// a draw in place of mu_q where that mean is not known.
    /// </summary>
    public abstract torch.Tensor StandardizedShift { get; }

    /// <summary>The noise that the prior makes <see cref="BaseLatent"/> of, [..., N_l].</summary>
    public abstract torch.Tensor PriorNoise { get; }

    /// <summary>The sum of <see cref="KlPerDimension"/> over the units, [...].</summary>
    /// <exception cref="InvalidOperationException">The step had no evidence.</exception>
    public torch.Tensor Kl => KlPerDimension.sum(-1);

    /// <summary>What needs evidence, or the error that there was none.</summary>
    private protected static T Evidenced<T>(T? value)
        where T : class =>
        value ?? throw new InvalidOperationException("A step without evidence has no posterior.");
}

/// <summary>
/// A layer whose base latent has a diagonal normal prior and posterior, and whose bijector both share, so that their
/// divergence is that of the bases (Proposition 1), in closed form.
/// </summary>
internal sealed record NormalLatentStep : LatentStep
{
    private readonly torch.Tensor? _klPerDimension;

    /// <summary>A step.</summary>
    /// <param name="baseLatent">eps_l, [..., N_l].</param>
    /// <param name="bijector">f_l, with z_l = f_l(eps_l | z_{l-1}).</param>
    /// <param name="prior">p(eps_l | z_{l-1}).</param>
    /// <param name="posterior">q(eps_l | z_{l-1}, x), where evidence was given.</param>
    public NormalLatentStep(
        torch.Tensor baseLatent, Bijector bijector, DiagonalNormal prior, DiagonalNormal? posterior)
        : base(
            baseLatent,
            bijector.Transform(baseLatent),
            new TransformedDistribution(prior, bijector),
            posterior is null ? null : new TransformedDistribution(posterior, bijector))
    {
        (Prior, Posterior) = (prior, posterior);
        if (Q is not null)
        {
            _klPerDimension = TransformedDistribution.KullbackLeiblerPerDimension(
                (TransformedDistribution)Q, (TransformedDistribution)P);
        }
    }

    /// <summary>p(eps_l | z_{l-1}).</summary>
    public DiagonalNormal Prior { get; }

    /// <summary>q(eps_l | z_{l-1}, x), where evidence was given.</summary>
    public DiagonalNormal? Posterior { get; }

    public override torch.Tensor LogPrior => Prior.LogProb(BaseLatent);

    public override torch.Tensor LogPosterior => Evidenced(Posterior).LogProb(BaseLatent);

    /// <summary>
    /// Eq. 10. Where neither distribution depends on the codes, as in the first layer, it is that of the evidence, [B, N_l],
    /// however many samples there are.
    /// </summary>
    public override torch.Tensor KlPerDimension => Evidenced(_klPerDimension);

    public override torch.Tensor StandardizedShift => Standardize(Evidenced(Posterior).Mean);

    public override torch.Tensor PriorNoise => Standardize(BaseLatent);

    private torch.Tensor Standardize(torch.Tensor value) => (value - Prior.Mean) * (-Prior.LogScale).exp();

    /// <summary>The latent that a source gives: drawn from the posterior or the prior, or given.</summary>
    public static torch.Tensor Latent(LatentSource source, DiagonalNormal prior, DiagonalNormal? posterior) => source switch
    {
        LatentSource.Posterior drawn => posterior!.FromNoise(drawn.Noise),
        LatentSource.Prior generated => prior.FromNoise(generated.Noise, generated.Temperature),
        LatentSource.Given given => given.Latent,
        _ => throw new ArgumentException("Unknown latent source.", nameof(source)),
    };
}

/// <summary>A layer whose divergence has no closed form: it is estimated by log q - log p of the draw itself.</summary>
internal sealed record SampledLatentStep(torch.Tensor BaseLatent, torch.Tensor Code, Distribution P, Distribution? Q)
    : LatentStep(BaseLatent, Code, P, Q)
{
    /// <summary>Terms whose sum is log p in nats, [..., N_l].</summary>
    public required torch.Tensor LogPriorPerDimension { get; init; }

    /// <summary>Terms whose sum is log q in nats, [..., N_l], where evidence was given.</summary>
    public required torch.Tensor? LogPosteriorPerDimension { get; init; }

    /// <summary>The base latent less its mean under the prior, over its standard deviation there, [..., N_l].</summary>
    public required torch.Tensor Standardized { get; init; }

    /// <summary>The noise that the prior makes the base latent of, [..., N_l].</summary>
    public required torch.Tensor Noise { get; init; }

    public override torch.Tensor LogPrior => LogPriorPerDimension.sum(-1);

    public override torch.Tensor LogPosterior => Evidenced(LogPosteriorPerDimension).sum(-1);

    public override torch.Tensor KlPerDimension => Evidenced(LogPosteriorPerDimension) - LogPriorPerDimension;

    public override torch.Tensor StandardizedShift => Standardized.alias();

    public override torch.Tensor PriorNoise => Noise.alias();
}
