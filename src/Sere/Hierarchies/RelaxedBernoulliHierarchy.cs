using Sere.Distributions;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>
/// One layer of binary latents with independent Bernoulli(1/2) priors and the complete inverse of a dense decoder as its
/// posterior, q(h | x) = prod q(h_i | h_1..h_{i-1}, x) (Webb et al. 2018): one masked network, a pass for each latent. In
/// training the latents are relaxed to binary-Concrete variables, whose bound is no bound of the likelihood; in evaluation
/// they are binary.
/// </summary>
internal sealed class RelaxedBernoulliHierarchy : Hierarchy
{
    private readonly int _latents;
    private readonly int _context;
    private readonly double _posteriorTemperature;
    private readonly double _priorTemperature;
    private readonly ConditionalMade _posterior;

    /// <summary>A hierarchy with freshly drawn parameters.</summary>
    /// <param name="latents">The number of binary latents, n.</param>
    /// <param name="context">Size of the context that the encoder gives to the posterior's network, C.</param>
    /// <param name="network">The posterior's masked network.</param>
    /// <param name="posteriorTemperature">Temperature of the relaxed posterior.</param>
    /// <param name="priorTemperature">Temperature of the relaxed prior.</param>
    /// <param name="initializer">Draws the parameters.</param>
    public RelaxedBernoulliHierarchy(
        int latents,
        int context,
        PerceptronDesign network,
        double posteriorTemperature,
        double priorTemperature,
        ParameterInitializer initializer)
        : base(nameof(RelaxedBernoulliHierarchy))
    {
        (_latents, _context) = (latents, context);
        (_posteriorTemperature, _priorTemperature) = (posteriorTemperature, priorTemperature);
        _posterior = new ConditionalMade(
            latents, context, network.Hidden, 1, network.Activation, initializer, outputGain: 0.1);
        register_module("posterior", _posterior);
    }

    public override int Layers => 1;

    public override bool HasClosedFormKl => false;

    /// <summary>Size of the features that it takes: the context.</summary>
    public int FeatureSize => _context;

    public override int Latents(int layer) => _latents;

    /// <summary>The features, [1, B, C], are the context as it stands.</summary>
    public override IReadOnlyList<LayerEvidence> Interpret(EvidenceFeatures features)
    {
        return features.Stack is { } stack && stack.shape[0] == 1 && stack.shape[2] == FeatureSize
            ? [new ContextEvidence(stack.squeeze(0))]
            : throw new ArgumentException(
                $"The hierarchy takes features of shape [1, B, {FeatureSize}], not {features}.", nameof(features));
    }

    public override LatentStep Step(int layer, IReadOnlyList<LatentStep> earlier, LatentSource source)
    {
        switch (source)
        {
            case LatentSource.Prior prior:
                // Half of the noise is positive, whatever its scale: a binary draw has no temperature.
                return Of(
                    FromLogits(
                        torch.zeros_like(prior.Noise),
                        LogisticNoise.OfNormal(prior.Noise).Times(prior.Temperature),
                        _priorTemperature),
                    null);
            case LatentSource.Given { Evidence: null } given:
                return Of(given.Latent, null);
            case LatentSource.Given given:
                return Of(given.Latent, _posterior.Forward(Code(given.Latent), ((ContextEvidence)given.Evidence!).Context));
            case LatentSource.Posterior posterior:
                {
                    var (latent, logits) = Draw((ContextEvidence)posterior.Evidence!, LogisticNoise.OfNormal(posterior.Noise));
                    return Of(latent, logits);
                }

            default:
                throw new ArgumentException("Unknown latent source.", nameof(source));
        }
    }

    private (torch.Tensor Latent, torch.Tensor Logits) Draw(ContextEvidence evidence, torch.Tensor noise)
    {
        var posterior = _posterior.Bind(evidence.Context);
        var noises = noise.split(1, -1);
        var latents = new List<torch.Tensor>(noises.Length);
        var codes = new List<torch.Tensor>(noises.Length);
        var logits = new List<torch.Tensor>(noises.Length);
        for (int unit = 0; unit < noises.Length; unit++)
        {
            // The masks keep the units to come from having a say.
            var code = torch.cat([.. codes, torch.zeros_like(noise.narrow(-1, unit, noises.Length - unit))], -1);
            var logit = posterior.Forward(code).narrow(-1, unit, 1);
            logits.Add(logit);
            latents.Add(FromLogits(logit, noises[unit], _posteriorTemperature));
            codes.Add(Code(latents[unit]));
        }

        return (torch.cat(latents, -1), torch.cat(logits, -1));
    }

    private torch.Tensor FromLogits(torch.Tensor logits, torch.Tensor noise, double temperature) => training
        ? new BinaryConcrete(logits, temperature).FromNoise(noise)
        : logits.Plus(noise).IsAbove(0).to(noise.dtype);

    private torch.Tensor Code(torch.Tensor latent) => training ? latent.sigmoid() : latent;

    private SampledLatentStep Of(torch.Tensor latent, torch.Tensor? logits)
    {
        var zero = torch.zeros_like(latent);
        FactorizedDistribution prior = training ? new BinaryConcrete(zero, _priorTemperature) : new Bernoulli(zero);

        // Of each unit given those before it as they were drawn.
        FactorizedDistribution? posterior = logits is null ? null
            : training ? new BinaryConcrete(logits, _posteriorTemperature)
            : new Bernoulli(logits);
        var logistic = latent.Times(_priorTemperature);
        var sign = latent.Times(2).Minus(1);
        return new SampledLatentStep(latent, Code(latent), prior, posterior)
        {
            Noise = training ? LogisticNoise.ToNormal(logistic) : sign,
            Standardized = training ? logistic.Times(Math.Sqrt(3) / Math.PI) : sign,
            LogPriorPerDimension = prior.LogProbPerDimension(latent),
            LogPosteriorPerDimension = posterior?.LogProbPerDimension(latent),
        };
    }
}

/// <summary>The evidence of a layer whose posterior is an autoregressive network: its context.</summary>
/// <param name="Context">What the network sees of x, [B, C].</param>
internal sealed record ContextEvidence(torch.Tensor Context) : LayerEvidence;
