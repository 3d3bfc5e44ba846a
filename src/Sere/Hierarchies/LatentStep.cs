using Sere.Distributions;
using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>One layer of a top-down pass. What it says of a posterior needs evidence.</summary>
/// <param name="BaseLatent">eps_l, [..., N_l].</param>
/// <param name="Code">z_l, a function of eps_l and of the codes above, [..., N_l].</param>
public abstract record LatentStep(torch.Tensor BaseLatent, torch.Tensor Code)
{
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
    /// <exception cref="InvalidOperationException">The step had no evidence.</exception>
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

/// <summary>A layer whose prior and posterior are diagonal normals, with their divergence in closed form.</summary>
public sealed record NormalLatentStep : LatentStep
{
    private readonly torch.Tensor? _klPerDimension;

    /// <summary>A step.</summary>
    /// <param name="baseLatent">eps_l, [..., N_l].</param>
    /// <param name="code">z_l = f_l(eps_l | z_{l-1}), [..., N_l].</param>
    /// <param name="prior">p(eps_l | z_{l-1}).</param>
    /// <param name="posterior">q(eps_l | z_{l-1}, x), where evidence was given.</param>
    /// <param name="klPerDimension">
    /// KL(q || p) of each dimension in nats (eq. 10), [..., N_l], where evidence was given. Where neither depends on the
    /// codes, as in the first layer, it is that of the evidence, [B, N_l], however many samples there are.
    /// </param>
    public NormalLatentStep(
        torch.Tensor baseLatent,
        torch.Tensor code,
        DiagonalNormal prior,
        DiagonalNormal? posterior,
        torch.Tensor? klPerDimension)
        : base(baseLatent, code)
    {
        Prior = prior;
        Posterior = posterior;
        _klPerDimension = klPerDimension;
    }

    /// <summary>p(eps_l | z_{l-1}).</summary>
    public DiagonalNormal Prior { get; }

    /// <summary>q(eps_l | z_{l-1}, x), where evidence was given.</summary>
    public DiagonalNormal? Posterior { get; }

    /// <inheritdoc/>
    public override torch.Tensor LogPrior => Prior.LogProb(BaseLatent);

    /// <inheritdoc/>
    public override torch.Tensor LogPosterior => Evidenced(Posterior).LogProb(BaseLatent);

    /// <inheritdoc/>
    public override torch.Tensor KlPerDimension => Evidenced(_klPerDimension);

    /// <inheritdoc/>
    public override torch.Tensor StandardizedShift => Standardize(Evidenced(Posterior).Mean);

    /// <inheritdoc/>
    public override torch.Tensor PriorNoise => Standardize(BaseLatent);

    private torch.Tensor Standardize(torch.Tensor value) => (value - Prior.Mean) * (-Prior.LogScale).exp();
}

/// <summary>A layer whose divergence has no closed form: it is estimated by log q - log p of the draw itself.</summary>
public sealed record SampledLatentStep : LatentStep
{
    private readonly torch.Tensor _logPriorPerDimension;
    private readonly torch.Tensor? _logPosteriorPerDimension;
    private readonly torch.Tensor _standardized;

    /// <summary>A step.</summary>
    /// <param name="baseLatent">What was drawn or given, [..., N_l].</param>
    /// <param name="code">z_l, [..., N_l].</param>
    /// <param name="priorNoise">The noise that the prior makes of it, [..., N_l].</param>
    /// <param name="standardized">It less its mean under the prior, over its standard deviation there, [..., N_l].</param>
    /// <param name="logPriorPerDimension">Terms whose sum is log p in nats, [..., N_l].</param>
    /// <param name="logPosteriorPerDimension">Terms whose sum is log q in nats, [..., N_l], where evidence was given.</param>
    public SampledLatentStep(
        torch.Tensor baseLatent,
        torch.Tensor code,
        torch.Tensor priorNoise,
        torch.Tensor standardized,
        torch.Tensor logPriorPerDimension,
        torch.Tensor? logPosteriorPerDimension)
        : base(baseLatent, code)
    {
        PriorNoise = priorNoise;
        _standardized = standardized;
        _logPriorPerDimension = logPriorPerDimension;
        _logPosteriorPerDimension = logPosteriorPerDimension;
    }

    /// <inheritdoc/>
    public override torch.Tensor LogPrior => _logPriorPerDimension.sum(-1);

    /// <inheritdoc/>
    public override torch.Tensor LogPosterior => Evidenced(_logPosteriorPerDimension).sum(-1);

    /// <inheritdoc/>
    public override torch.Tensor KlPerDimension => Evidenced(_logPosteriorPerDimension) - _logPriorPerDimension;

    /// <inheritdoc/>
    public override torch.Tensor StandardizedShift => _standardized.alias();

    /// <inheritdoc/>
    public override torch.Tensor PriorNoise { get; }
}
