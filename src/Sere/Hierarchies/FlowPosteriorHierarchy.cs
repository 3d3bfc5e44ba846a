using Sere.Bijectors;
using Sere.Distributions;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>
/// One layer of latents with p(z) = N(0, I) and a posterior z = f(eps | h(x)), eps of N(m(x), s(x)), whose flow f sees a
/// context of the encoder: the inverse autoregressive flow VAE of Kingma et al. (2016). The flow is part of the posterior
/// alone, so its log-determinant enters the bound, which has no closed form.
/// </summary>
internal sealed class FlowPosteriorHierarchy : Hierarchy
{
    private readonly int _latents;
    private readonly int _context;
    private readonly AmortizedBijector _flow;
    private readonly SmoothInterval _logScale;

    /// <summary>A hierarchy with freshly drawn parameters.</summary>
    /// <param name="latents">N.</param>
    /// <param name="context">Size of the context that the encoder gives to the flow, C.</param>
    /// <param name="bijector">The flow from the base of the posterior to z.</param>
    /// <param name="posterior">The base.</param>
    /// <param name="initializer">Draws the parameters.</param>
    internal FlowPosteriorHierarchy(
        int latents, int context, BijectorChoice bijector, FreePosteriorChoice posterior, ParameterInitializer initializer)
        : base(nameof(FlowPosteriorHierarchy))
    {
        (_latents, _context, _logScale) = (latents, context, posterior.LogScale);
        _flow = bijector.Build(new BijectorSlot(latents, context, LatentGrid.None, initializer, initializer.Create));
        register_module("flow", _flow);
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
        var prior = DiagonalNormal.Standard(_latents, source.Like);
        if (source.Evidence is not FlowEvidence evidence)
        {
            return Of(NormalLatentStep.Latent(source, prior, null), prior, null, null);
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

        // The log-determinant is one of all units: each has an equal share.
        var logPosterior = start.LogProbPerDimension(eps).Plus(logDeterminant.Over(eps.shape[^1]).unsqueeze(-1));
        return Of(z, prior, new TransformedDistribution(start, flow), logPosterior);
    }

    private static SampledLatentStep Of(
        torch.Tensor z, DiagonalNormal prior, Distribution? posterior, torch.Tensor? logPosterior) => new(z, z, prior, posterior)
        {
            LogPriorPerDimension = prior.LogProbPerDimension(z),
            LogPosteriorPerDimension = logPosterior,
            Standardized = z,
            Noise = z,
        };
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
