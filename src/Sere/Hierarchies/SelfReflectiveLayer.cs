using System.Diagnostics;
using Sere.Bijectors;
using Sere.Distributions;
using Sere.Networks;
using Sere.Numerics.Kernels;
using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>
/// One layer of the hierarchy (section 3): prior p(eps_l | z_{l-1}), posterior q(eps_l | z_{l-1}, x), and the bijector
/// f_l that both share.
/// </summary>
internal sealed class SelfReflectiveLayer : torch.nn.Module
{
    private readonly NormalLayer? _prior;
    private readonly NormalLayer? _posteriorBase;
    private readonly AmortizedBijector _bijector;
    private readonly bool _bijectorIsCoupled;
    private readonly PosteriorResidual _residual;
    private readonly int _latents;

    /// <summary>A layer over N latents.</summary>
    /// <param name="latents">N.</param>
    /// <param name="prior">The prior given the parents' codes; null for N(0, I).</param>
    /// <param name="posteriorBase">
    /// What the evidence refines, where the prior cannot be it: its own mu_q, s_q of the parents' codes; null for the prior.
    /// </param>
    /// <param name="bijector">f_l.</param>
    /// <param name="bijectorIsCoupled">Whether f_l takes the parents' codes.</param>
    /// <param name="residual">How the evidence refines the base.</param>
    public SelfReflectiveLayer(
        int latents,
        NormalLayer? prior,
        NormalLayer? posteriorBase,
        AmortizedBijector bijector,
        bool bijectorIsCoupled,
        PosteriorResidual residual)
        : base(nameof(SelfReflectiveLayer))
    {
        _latents = latents;
        _prior = prior;
        _posteriorBase = posteriorBase;
        _bijector = bijector;
        _bijectorIsCoupled = bijectorIsCoupled;
        _residual = residual;
        register_module("bijector", bijector);
        if (prior is not null)
        {
            register_module("prior", prior);
        }

        if (posteriorBase is not null)
        {
            register_module("posterior", posteriorBase);
        }
    }

    /// <summary>
    /// Whether a step is eqs. 9 and 10 and a rank-one affine bijector, which have a form in one pass.
    /// </summary>
    public bool IsChainStep =>
        _residual == PosteriorResidual.Scaled && _posteriorBase is null && _bijector is RankOneAffineLayer;

    /// <summary>What that form takes.</summary>
    /// <param name="context">The parents' codes, [..., C], or null.</param>
    /// <param name="evidence">The residuals of the evidence.</param>
    /// <param name="noise">Standard normal noise, [..., N].</param>
    public ChainStepInputs ChainStep(torch.Tensor? context, EvidenceResiduals evidence, torch.Tensor noise)
    {
        var bijector = (RankOneAffineLayer)_bijector;
        var (prior, parameters) = _prior is not null && _bijectorIsCoupled
            ? ContextNetwork.ForwardBoth(_prior.Context, bijector.Context, context!)
            : (_prior?.Unbounded(context), bijector.Unbounded(_bijectorIsCoupled ? context : null));
        return new ChainStepInputs(
            prior,
            _bijectorIsCoupled ? parameters : parameters.expand([.. noise.shape[..^1], parameters.shape[^1]]),
            evidence.Mean,
            evidence.LogScale,
            noise,
            new ChainStepBounds(
                _prior?.MeanBound ?? 1, _prior?.LogScale ?? default, bijector.Diagonal, bijector.DirectionBound));
    }

    /// <summary>One step in plain formulas, with all that can be asked of it.</summary>
    public NormalLatentStep Step(torch.Tensor? context, LatentSource source)
    {
        var (evidence, like) = source switch
        {
            LatentSource.Posterior posterior => ((EvidenceResiduals?)posterior.Evidence, posterior.Noise),
            LatentSource.Prior generated => (null, generated.Noise),
            LatentSource.Given given => ((EvidenceResiduals?)given.Evidence, given.Latent),
            _ => throw new ArgumentException("Unknown latent source.", nameof(source)),
        };

        var prior = _prior?.Bind(context) ?? DiagonalNormal.Standard(_latents, like);
        var (q, kl) = evidence is null ? (null, null) : Posterior(context, prior, evidence);
        var latent = source switch
        {
            LatentSource.Posterior posterior => q!.FromNoise(posterior.Noise),
            LatentSource.Prior generated => prior.FromNoise(generated.Noise, generated.Temperature),
            LatentSource.Given given => given.Latent,
            _ => throw new UnreachableException(),
        };
        return new NormalLatentStep(latent, BindBijector(context).Transform(latent), prior, q, kl);
    }

    /// <summary>The bijector f_l for the parents' codes.</summary>
    public Bijector BindBijector(torch.Tensor? context) => _bijector.Bind(_bijectorIsCoupled ? context : null);

    private (DiagonalNormal Posterior, torch.Tensor KlPerDimension) Posterior(
        torch.Tensor? context,
        DiagonalNormal prior,
        EvidenceResiduals evidence)
    {
        var refined = _posteriorBase?.Bind(context) ?? prior;
        var posterior = ResidualNormal.Refine(refined, evidence.Mean, evidence.LogScale, _residual);
        var kl = _posteriorBase is null && _residual == PosteriorResidual.Scaled
            ? ResidualNormal.KullbackLeiblerPerDimension(prior, evidence.Mean, evidence.LogScale)
            : posterior.KullbackLeiblerPerDimension(prior);
        return (posterior, kl);
    }
}
