using Sere.Distributions;
using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>One layer of a top-down pass.</summary>
/// <param name="BaseLatent">eps_l, [..., N_l].</param>
/// <param name="Code">z_l = f_l(eps_l | z_{l-1}), [..., N_l].</param>
/// <param name="Prior">p(eps_l | z_{l-1}).</param>
/// <param name="Posterior">q(eps_l | z_{l-1}, x), where evidence was given.</param>
/// <param name="KlPerDimension">
/// KL(q || p) of each dimension in nats (eq. 10), [..., N_l], where evidence was given. Where neither depends on the codes,
/// as in the first layer, it is that of the evidence, [B, N_l], however many samples there are.
/// </param>
public sealed record LatentStep(
    torch.Tensor BaseLatent,
    torch.Tensor Code,
    DiagonalNormal Prior,
    DiagonalNormal? Posterior,
    torch.Tensor? KlPerDimension)
{
    /// <summary>KL(q || p) of the layer per example in nats: the shape of <see cref="KlPerDimension"/> without N_l.</summary>
    /// <exception cref="InvalidOperationException">The step had no evidence.</exception>
    public torch.Tensor Kl => Evidenced(KlPerDimension).sum(-1);

    /// <summary>log p(eps_l | z_{l-1}) in nats, [...].</summary>
    public torch.Tensor LogPrior => Prior.LogProb(BaseLatent);

    /// <summary>log q(eps_l | z_{l-1}, x) in nats, [...].</summary>
    /// <exception cref="InvalidOperationException">The step had no evidence.</exception>
    public torch.Tensor LogPosterior => Evidenced(Posterior).LogProb(BaseLatent);

    private static T Evidenced<T>(T? value)
        where T : class =>
        value ?? throw new InvalidOperationException("A step without evidence has no posterior.");
}
