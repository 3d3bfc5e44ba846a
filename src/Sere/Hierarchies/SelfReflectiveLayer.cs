using Sere.Bijectors;
using Sere.Distributions;
using Sere.Kernels;
using Sere.Networks;
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
        if (_bijectorIsCoupled && _prior is { Context.IsPerceptron: true } && bijector.Context.IsPerceptron)
        {
            // Their gradients meet before those of what else takes the codes: the order of sums is part of a seed's figures.
            context = context!.view(context.shape);
        }

        return new ChainStepInputs(
            _prior?.Unbounded(context),
            bijector.Unbounded(_bijectorIsCoupled ? context : null),
            evidence.Mean,
            evidence.LogScale,
            noise,
            ChainBounds);
    }

    /// <summary>What bounds the parameters of that form.</summary>
    public ChainStepBounds ChainBounds => new(
        _prior?.MeanBound ?? 1,
        _prior?.LogScale ?? default,
        ((RankOneAffineLayer)_bijector).Diagonal,
        ((RankOneAffineLayer)_bijector).DirectionBound);

    /// <summary>Whether it is the first of a chain: eps_1 is standard normal, and f_1 takes no code.</summary>
    public bool IsFirstOfChain => IsChainStep && _prior is null && !_bijectorIsCoupled;

    /// <summary>
    /// The perceptrons of the prior and of the bijector, where both take the parents' codes and are of one form; else null.
    /// </summary>
    public (Mlp Prior, Mlp Bijector)? ChainPerceptrons =>
        IsChainStep && _bijectorIsCoupled && _prior?.Context.Perceptron is { } prior
        && ((RankOneAffineLayer)_bijector).Context.Perceptron is { } bijector
        && prior.Activation == bijector.Activation
        && prior.Maps.SkipLast(2).Select(map => map.shape[0])
            .SequenceEqual(bijector.Maps.SkipLast(2).Select(map => map.shape[0]))
            ? (prior, bijector) : null;

    /// <summary>One step in plain formulas, with all that can be asked of it.</summary>
    public NormalLatentStep Step(torch.Tensor? context, LatentSource source)
    {
        var prior = _prior?.Bind(context) ?? DiagonalNormal.Standard(_latents, source.Like);
        var posterior = source.Evidence is EvidenceResiduals evidence
            ? ResidualNormal.Refine(_posteriorBase?.Bind(context) ?? prior, evidence.Mean, evidence.LogScale, _residual)
            : null;
        var latent = NormalLatentStep.Latent(source, prior, posterior);
        return new NormalLatentStep(latent, _bijector.Bind(_bijectorIsCoupled ? context : null), prior, posterior);
    }
}

/// <summary>
/// Builds the layers of a self-reflective hierarchy, alone or as the members of a stack, in the order of their
/// parameters.
/// </summary>
internal sealed class SelfReflectiveLayerFactory(SelfReflectiveParts parts, ParameterInitializer initializer)
{
    /// <summary>Whether a wave of layers can run at once: layers of one size, with parents, and affine bijectors.</summary>
    public bool CanStack(IReadOnlyList<int> members) =>
        members.Count > 1
        && (parts.Coupling.Prior || parts.Coupling.Bijector)
        && parts.Bijector.CanStack
        && (parts.Coupling.Bijector || !parts.Bijector.HasParameters)
        && members.All(member => parts.Graph.Parents(member).Count > 0)
        && members.All(member => parts.Latents[member] == parts.Latents[members[0]]);

    /// <summary>Size of the context of a layer.</summary>
    public int ContextSize(int layer) => parts.Graph.Parents(layer).Sum(parent => parts.Latents[parent]);

    /// <summary>A layer with parameters of its own.</summary>
    public SelfReflectiveLayer Create(int layer) =>
        Create(parts.Latents[layer], ContextSize(layer), initializer.Create);

    /// <summary>The layers of a wave as one, and each of them as a member that shares its parameters.</summary>
    public (SelfReflectiveLayer Stacked, IReadOnlyList<SelfReflectiveLayer> Members) CreateStack(
        IReadOnlyList<int> members, int contextSize)
    {
        var stacks = new List<StackedNetwork>();
        int latents = parts.Latents[members[0]];
        var stacked = Create(latents, contextSize, (design, input, output, gain) =>
        {
            stacks.Add(design.CreateStack(members.Count, input, output, initializer, gain));
            return new StackedParameters(stacks[^1]);
        });
        return (stacked, [.. members.Select((_, index) =>
        {
            int next = 0;
            return Create(latents, contextSize, (_, input, _, _) => new StackMember(stacks[next++], index, input.Size));
        })]);
    }

    private SelfReflectiveLayer Create(int latents, int context, NetworkSource source)
    {
        bool couplePrior = context > 0 && parts.Coupling.Prior;
        bool coupleBijector = context > 0 && parts.Coupling.Bijector && parts.Bijector.HasParameters;
        var residual = parts.Posterior.Residual;
        var bijector = parts.Bijector.Build(
            new BijectorSlot(latents, coupleBijector ? context : 0, parts.Grid, initializer, source));

        // With an uncoupled prior eq. 9 would drop z_{l-1} from q, though the true posterior depends on it through f_l. A free
        // posterior has no base.
        bool ownBase = !couplePrior && coupleBijector && residual != PosteriorResidual.Free;
        return new SelfReflectiveLayer(
            latents,
            couplePrior ? parts.Prior.Build(latents, context, parts.Grid, source) : null,
            ownBase ? parts.Prior.Build(latents, context, parts.Grid, source) : null,
            bijector,
            coupleBijector,
            residual);
    }
}
