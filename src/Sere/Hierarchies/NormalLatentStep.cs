using Sere.Distributions;
using TorchSharp;

namespace Sere.Hierarchies;

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
