using Sere.Bijectors;
using Sere.Distributions;
using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>
/// The steps of DRAW (Gregor et al. 2015): codes of one size with standard normal priors, and a posterior that looks at the
/// image and at what the canvas lacks of it, where the decoder points. The state of a step is that of both recurrent
/// networks and the canvas.
/// </summary>
internal sealed class DrawHierarchy : Hierarchy
{
    private readonly DrawSettings _settings;
    private readonly DrawDecoder _decoder;
    private readonly Func<torch.Tensor, torch.Tensor> _mean;
    private readonly SmoothInterval _logScale;
    private readonly GaussianAttention _attention;
    private readonly LstmCell _encoder;
    private readonly Mlp _place;
    private readonly Mlp _posterior;

    /// <summary>A hierarchy with freshly drawn parameters.</summary>
    /// <param name="steps">L.</param>
    /// <param name="settings">Form of the networks.</param>
    /// <param name="image">What x stands for.</param>
    /// <param name="decoder">The decoder, whose parameters belong to the likelihood.</param>
    /// <param name="mean">The mean of x, [..., D], of a canvas.</param>
    /// <param name="posterior">Bounds of the posterior's scale.</param>
    /// <param name="initializer">Draws the weights.</param>
    internal DrawHierarchy(
        int steps,
        DrawSettings settings,
        FeatureShape image,
        DrawDecoder decoder,
        Func<torch.Tensor, torch.Tensor> mean,
        FreePosteriorChoice posterior,
        ParameterInitializer initializer)
        : base(nameof(DrawHierarchy))
    {
        (Layers, _settings, _decoder, _mean, _logScale) = (steps, settings, decoder, mean, posterior.LogScale);
        _attention = new GaussianAttention(settings.ReadSize, image);
        _encoder = new LstmCell((2 * _attention.PatchSize) + settings.Hidden, settings.Hidden, initializer);
        _place = new Mlp(settings.Hidden, [], GaussianAttention.Parameters, Activation.Tanh, initializer);
        _posterior = new Mlp(settings.Hidden, [], 2 * settings.Latents, Activation.Tanh, initializer);
        register_module("encoder", _encoder);
        register_module("place", _place);
        register_module("posterior", _posterior);
    }

    public override int Layers { get; }

    public override int Latents(int layer) => _settings.Latents;

    /// <summary>The features are x itself.</summary>
    public override IReadOnlyList<LayerEvidence> Interpret(EvidenceFeatures features) =>
        [.. Enumerable.Repeat(new ImageEvidence(features.Layers[0]), Layers)];

    public override LatentStep Step(int layer, IReadOnlyList<LatentStep> earlier, LatentSource source)
    {
        var (decoder, hidden, cell) = layer == 0 ? Start() : State(earlier[layer - 1].State!);
        DiagonalNormal? posterior = null;
        if (source.Evidence is ImageEvidence { Image: var image })
        {
            var filters = _attention.Bind(_place.Forward(decoder.Hidden));
            var glimpse = TensorMath.SideBySide(
                filters.Read(image), filters.Read(image - _mean(decoder.Canvas)), decoder.Hidden);
            (hidden, cell) = _encoder.Forward(glimpse, hidden, cell);
            var parts = _posterior.Forward(hidden).chunk(2, -1);
            posterior = new DiagonalNormal(parts[0], _logScale.Apply(parts[1]));
        }

        var prior = DiagonalNormal.Standard(_settings.Latents, source.Like);
        var code = NormalLatentStep.Latent(source, prior, posterior);
        decoder = _decoder.Next(decoder, code);
        return new NormalLatentStep(code, new IdentityBijector(), prior, posterior)
        {
            State = TensorMath.SideBySide(decoder.Hidden, decoder.Cell, hidden, cell, decoder.Canvas),
        };
    }

    private (DrawState Decoder, torch.Tensor Hidden, torch.Tensor Cell) Start()
    {
        var decoder = _decoder.Start();
        return (decoder, decoder.Hidden, decoder.Cell);
    }

    private (DrawState Decoder, torch.Tensor Hidden, torch.Tensor Cell) State(torch.Tensor state)
    {
        long size = _settings.Hidden;
        var parts = state.split([size, size, size, size, state.shape[^1] - (4 * size)], -1);
        return (new DrawState(parts[0], parts[1], parts[4]), parts[2], parts[3]);
    }
}

/// <summary>The evidence of a step that looks at the image for itself.</summary>
/// <param name="Image">x, [B, D].</param>
internal sealed record ImageEvidence(torch.Tensor Image) : LayerEvidence;
