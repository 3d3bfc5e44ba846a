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
