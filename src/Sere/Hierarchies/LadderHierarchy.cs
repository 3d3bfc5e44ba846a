using Sere.Bijectors;
using Sere.Distributions;
using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>
/// The ladder of Sonderby et al. (2016): p(z_1) = N(0, I) at the top, p(z_l | z_{l-1}) normal below it, and a posterior that
/// merges the prior of each layer with the Gaussian that the bottom-up pass says of x, by their precisions. The top layer has
/// nothing to merge with. Codes are the latents themselves.
/// </summary>
internal sealed class LadderHierarchy : Hierarchy
{
    private readonly IReadOnlyList<int> _latents;
    private readonly double _meanBound;
    private readonly SmoothInterval _logScale;
    private readonly NormalizedMlp[] _priors;

    /// <summary>A ladder with freshly drawn parameters.</summary>
    /// <param name="latents">N_l of each layer, from the top one, which is drawn first.</param>
    /// <param name="widths">Width of the networks of each layer.</param>
    /// <param name="hiddenLayers">Hidden layers of each network.</param>
    /// <param name="activation">Activation of the networks.</param>
    /// <param name="meanBound">Bound of the priors' means.</param>
    /// <param name="logScale">Interval of log-scales.</param>
    /// <param name="initializer">Draws the parameters.</param>
    internal LadderHierarchy(
        IReadOnlyList<int> latents,
        IReadOnlyList<int> widths,
        int hiddenLayers,
        Activation activation,
        double meanBound,
        SmoothInterval logScale,
        ParameterInitializer initializer)
        : base(nameof(LadderHierarchy))
    {
        (_latents, _meanBound, _logScale) = (latents, meanBound, logScale);
        _priors = new NormalizedMlp[latents.Count - 1];
        for (int layer = 1; layer < latents.Count; layer++)
        {
            _priors[layer - 1] = new NormalizedMlp(
                latents[layer - 1],
                [.. Enumerable.Repeat(widths[layer], hiddenLayers)],
                2 * latents[layer],
                activation,
                initializer,
                outputGain: 0.1);
            register_module($"prior{layer}", _priors[layer - 1]);
        }
    }

    public override int Layers => _latents.Count;

    /// <summary>Size of the features of a layer: mean and scale of each latent.</summary>
    public int FeatureSize(int layer) => 2 * Latents(layer);

    public override int Latents(int layer) => _latents[layer];

    /// <summary>The features of layer l, [B, 2 N_l], are the mean of its Gaussian and the log-scale before its bounds.</summary>
    public override IReadOnlyList<LayerEvidence> Interpret(EvidenceFeatures features)
    {
        var layers = features.Layers;
        if (layers.Count != Layers || layers.Index().Any(layer => layer.Item.shape[^1] != FeatureSize(layer.Index)))
        {
            string sizes = string.Join(" and ", Enumerable.Range(0, Layers).Select(layer => $"[B, {FeatureSize(layer)}]"));
            throw new ArgumentException($"The hierarchy takes features of shape {sizes}, not {features}.", nameof(features));
        }

        return
        [
            .. layers.Select(layer =>
            {
                var parts = layer.chunk(2, -1);
                return new GaussianEvidence(new DiagonalNormal(parts[0], _logScale.Apply(parts[1])));
            }),
        ];
    }

    public override LatentStep Step(int layer, IReadOnlyList<LatentStep> earlier, LatentSource source)
    {
        var prior = layer == 0 ? DiagonalNormal.Standard(Latents(0), source.Like) : Prior(layer, earlier[layer - 1].Code);
        var evidence = ((GaussianEvidence?)source.Evidence)?.Normal;
        var posterior = layer == 0 || evidence is null ? evidence : PrecisionWeightedNormal.Merge(evidence, prior);
        return new NormalLatentStep(
            NormalLatentStep.Latent(source, prior, posterior), new IdentityBijector(), prior, posterior);
    }

    private DiagonalNormal Prior(int layer, torch.Tensor above)
    {
        var parts = _priors[layer - 1].ForwardOne(0, above).Output.chunk(2, -1);
        return new DiagonalNormal(
            SmoothBounds.Symmetric(parts[0], _meanBound), _logScale.Apply(parts[1]));
    }
}

/// <summary>The evidence of a layer of a ladder: a Gaussian of x, which the prior is merged with.</summary>
/// <param name="Normal">N(m(x), s(x)), [B, N_l].</param>
internal sealed record GaussianEvidence(DiagonalNormal Normal) : LayerEvidence;
