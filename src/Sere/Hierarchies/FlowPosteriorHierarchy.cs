using System.Text.Json.Serialization;
using Sere.Bijectors;
using Sere.Distributions;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>
/// One layer of latents with a posterior z = f(eps | h(x)), eps of N(m(x), s(x)), whose flow f sees a context of the encoder:
/// the inverse autoregressive flow VAE of Kingma et al. (2016). The flow is part of the posterior alone, so its
/// log-determinant enters the bound, which has no closed form. The prior is N(0, I), or a flow of its own from z to standard
/// normal noise (Chen et al. 2017).
/// </summary>
internal sealed class FlowPosteriorHierarchy : Hierarchy
{
    private readonly int _latents;
    private readonly int _context;
    private readonly AmortizedBijector _flow;
    private readonly FlowLayer? _prior;
    private readonly SmoothInterval _logScale;

    /// <summary>A hierarchy with freshly drawn parameters.</summary>
    /// <param name="latents">N.</param>
    /// <param name="context">Size of the context that the encoder gives to the flow, C.</param>
    /// <param name="bijector">The flow from the base of the posterior to z.</param>
    /// <param name="posterior">The base.</param>
    /// <param name="prior">p(z).</param>
    /// <param name="initializer">Draws the parameters.</param>
    internal FlowPosteriorHierarchy(
        int latents,
        int context,
        BijectorChoice bijector,
        FreePosteriorChoice posterior,
        LatentPriorChoice prior,
        ParameterInitializer initializer)
        : base(nameof(FlowPosteriorHierarchy))
    {
        (_latents, _context, _logScale) = (latents, context, posterior.LogScale);
        _flow = bijector.Build(new BijectorSlot(latents, context, LatentGrid.None, initializer, initializer.Create));
        register_module("flow", _flow);
        _prior = prior.Build(latents, initializer);
        if (_prior is not null)
        {
            register_module("prior", _prior);
        }
    }

    public override int Layers => 1;

    public override bool HasClosedFormKl => false;

    /// <summary>Size of the features that it takes: mean and scale of the base, and the context.</summary>
    public int FeatureSize => (2 * _latents) + _context;

    public override int Latents(int layer) => _latents;

    /// <summary>m(x), log s(x) before its bounds, and the context h(x), side by side: features of shape [1, B, 2N + C].</summary>
    public override IReadOnlyList<LayerEvidence> Interpret(EvidenceFeatures features)
    {
        if (features.Stack is not { } stack || stack.shape[0] != 1 || stack.shape[2] != FeatureSize)
        {
            throw new ArgumentException(
                $"The hierarchy takes features of shape [1, B, {FeatureSize}], not {features}.", nameof(features));
        }

        var parts = stack.squeeze(0).split([_latents, _latents, _context], -1);
        return [new FlowEvidence(parts[0], _logScale.Apply(parts[1]), parts[2])];
    }

    public override LatentStep Step(int layer, IReadOnlyList<LatentStep> earlier, LatentSource source)
    {
        var prior = _prior?.Bind(null);
        if (source.Evidence is not FlowEvidence evidence)
        {
            var drawn = NormalLatentStep.Latent(source, DiagonalNormal.Standard(_latents, source.Like), null);
            return Of(source is LatentSource.Prior && prior is not null ? prior.Inverse(drawn).Value : drawn, prior, null, null);
        }

        var bijector = _flow.Bind(evidence.Context);
        var flow = new BlockBijector(bijector, 1 - bijector.EventRank);
        var start = new DiagonalNormal(evidence.Mean, evidence.LogScale);
        torch.Tensor z, eps, logDeterminant;
        if (source is LatentSource.Posterior posterior)
        {
            eps = start.FromNoise(posterior.Noise);
            (z, logDeterminant) = flow.Forward(eps);
            logDeterminant = -logDeterminant;
        }
        else
        {
            z = ((LatentSource.Given)source).Latent;
            (eps, logDeterminant) = flow.Inverse(z);
        }

        var logPosterior = start.LogProbPerDimension(eps).Plus(PerUnit(logDeterminant, eps));
        return Of(z, prior, new TransformedDistribution(start, flow), logPosterior);
    }

    private static SampledLatentStep Of(
        torch.Tensor z, Bijector? prior, Distribution? posterior, torch.Tensor? logPosterior)
    {
        var normal = DiagonalNormal.Standard((int)z.shape[^1], z);
        if (prior is null)
        {
            return new SampledLatentStep(z, z, normal, posterior)
            {
                LogPriorPerDimension = normal.LogProbPerDimension(z),
                LogPosteriorPerDimension = logPosterior,
                Standardized = z,
                Noise = z,
            };
        }

        var (noise, logDeterminant) = prior.Forward(z);
        return new SampledLatentStep(z, z, new TransformedDistribution(normal, new InverseBijector(prior)), posterior)
        {
            LogPriorPerDimension = normal.LogProbPerDimension(noise).Plus(PerUnit(logDeterminant, noise)),
            LogPosteriorPerDimension = logPosterior,
            Standardized = noise,
            Noise = noise,
        };
    }

    /// <summary>The log-determinant is one of all units: each has an equal share.</summary>
    private static torch.Tensor PerUnit(torch.Tensor logDeterminant, torch.Tensor units) =>
        logDeterminant.Over(units.shape[^1]).unsqueeze(-1);
}

/// <summary>p(z) of the latents of one layer.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindMember)]
[JsonDerivedType(typeof(StandardNormalPrior), "standard-normal")]
[JsonDerivedType(typeof(FlowPrior), "flow")]
public abstract record LatentPriorChoice : Choice
{
    /// <summary>The flow from latents to standard normal noise with freshly drawn parameters; null where it is the identity.</summary>
    internal abstract FlowLayer? Build(int latents, ParameterInitializer initializer);
}

/// <summary>Independent standard normal latents. JSON kind "standard-normal".</summary>
public sealed record StandardNormalPrior : LatentPriorChoice
{
    internal override FlowLayer? Build(int latents, ParameterInitializer initializer) => null;
}

/// <summary>
/// A normalizing flow, whose density is parallel and whose draws go latent by latent where it is autoregressive (Chen et
/// al. 2017). JSON kind "flow".
/// </summary>
public sealed record FlowPrior : LatentPriorChoice
{
    /// <summary>Its steps, from latents to noise.</summary>
    public FlowChoice Flow { get; init; } = new MaskedAutoregressiveFlow();

    internal override void CheckTogether(string path) => Flow.RequireNoBatchNormalization($"{path}.flow", "a prior");

    internal override FlowLayer Build(int latents, ParameterInitializer initializer) =>
        Flow.Build(latents, context: 0, firstStep: 0, initializer);
}

/// <summary>
/// A diagonal Gaussian of the image alone: the base of a posterior that does not start from the prior.
/// </summary>
public sealed record FreePosteriorChoice : Choice
{
    /// <summary>Scale of the base before training; greater than scaleFloor and less than scaleCeiling.</summary>
    [In("(0, inf)")] public double InitialScale { get; init; } = PosteriorChoice.StartingScale;

    /// <summary>Smallest scale of the base; less than scaleCeiling.</summary>
    [In("(0, inf)")] public double ScaleFloor { get; init; } = NormalLayer.SmallestScale;

    /// <summary>Largest scale of the base.</summary>
    [In("(0, inf)")] public double ScaleCeiling { get; init; } = NormalLayer.LargestScale;

    /// <summary>Interval of the logarithm of the scale.</summary>
    internal SmoothInterval LogScale => SmoothInterval.OfLogScale(ScaleFloor, ScaleCeiling, InitialScale);

    internal override void CheckTogether(string path)
    {
        PriorChoice.RequireFloor(path, ScaleFloor, ScaleCeiling);
        Require(
            InitialScale > ScaleFloor && InitialScale < ScaleCeiling,
            $"{path}.initialScale",
            InitialScale,
            $"greater than scaleFloor ({ScaleFloor}) and less than scaleCeiling ({ScaleCeiling})");
    }
}

/// <summary>The evidence of a layer whose posterior is a flow: its base distribution, and what its steps see of x.</summary>
/// <param name="Mean">Mean of the base, [B, N].</param>
/// <param name="LogScale">Log of the base's standard deviation, [B, N].</param>
/// <param name="Context">The context of every step, [B, C].</param>
internal sealed record FlowEvidence(torch.Tensor Mean, torch.Tensor LogScale, torch.Tensor Context) : LayerEvidence;
