using System.Text.Json.Serialization;
using Sere.Kernels;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// Maps the evidence x to one feature tensor per layer of a hierarchy, which fixes what the features mean.
/// </summary>
internal abstract class EvidenceEncoder(string name) : torch.nn.Module(name)
{
    /// <summary>x [B, D] to the features of each layer, [B, F_l].</summary>
    public abstract EvidenceFeatures Encode(torch.Tensor x);
}

/// <summary>No encoder: what a hierarchy without layers is told of x.</summary>
internal sealed class NoEvidence() : EvidenceEncoder(nameof(NoEvidence))
{
    public override EvidenceFeatures Encode(torch.Tensor x) => EvidenceFeatures.OfLayers([]);
}

/// <summary>No encoder of its own: each layer looks at x itself.</summary>
internal sealed class ImageItself() : EvidenceEncoder(nameof(ImageItself))
{
    public override EvidenceFeatures Encode(torch.Tensor x) => EvidenceFeatures.OfLayers([x]);
}

/// <summary>The encoder from the image to the features of each layer.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindMember)]
[JsonDerivedType(typeof(IndependentEvidence), "independent")]
[JsonDerivedType(typeof(BottomUpEvidence), "bottom-up")]
public abstract record EvidenceChoice : Choice
{
    /// <summary>The network of each encoder.</summary>
    public NetworkDesign Network { get; init; } = new PerceptronDesign();

    /// <summary>The encoder with freshly drawn parameters.</summary>
    /// <param name="layers">Layers of the hierarchy, L.</param>
    /// <param name="image">What x stands for.</param>
    /// <param name="features">What the features of a layer stand for.</param>
    /// <param name="initializer">Draws the weights.</param>
    /// <exception cref="UsageException">The network is convolutional, and the data are no images.</exception>
    internal abstract EvidenceEncoder Build(
        int layers, FeatureShape image, FeatureShape features, ParameterInitializer initializer);

    /// <summary>What x stands for to the network.</summary>
    private protected FeatureShape Input(FeatureShape image) => Network.Input(image, "model.evidence.network");
}

/// <summary>
/// What an evidence encoder says to each layer of a hierarchy: a stack of equal widths, or layers of widths of their own.
/// </summary>
internal sealed class EvidenceFeatures
{
    private readonly torch.Tensor? _stack;
    private readonly IReadOnlyList<torch.Tensor>? _layers;

    private EvidenceFeatures(torch.Tensor? stack, IReadOnlyList<torch.Tensor>? layers)
    {
        _stack = stack;
        _layers = layers;
    }

    /// <summary>All layers in one tensor [L, B, F]; null where each has a width of its own.</summary>
    public torch.Tensor? Stack => _stack;

    /// <summary>The features of each layer, [B, F_l].</summary>
    public IReadOnlyList<torch.Tensor> Layers => _layers ?? _stack!.unbind(0);

    /// <summary>Features of equal widths, [L, B, F].</summary>
    public static EvidenceFeatures OfStack(torch.Tensor stack)
    {
        return stack.dim() == 3
            ? new EvidenceFeatures(stack, null)
            : throw new ArgumentException(
                $"A stack of features has the shape [L, B, F], not [{string.Join(", ", stack.shape)}].", nameof(stack));
    }

    /// <summary>Features of widths of their own, each [B, F_l].</summary>
    public static EvidenceFeatures OfLayers(IReadOnlyList<torch.Tensor> layers)
    {
        return new EvidenceFeatures(null, layers);
    }

    /// <summary>The shapes, as an error shows them.</summary>
    public override string ToString() => _stack is not null
        ? $"[{string.Join(", ", _stack.shape)}]"
        : string.Join(" and ", _layers!.Select(layer => $"[{string.Join(", ", layer.shape)}]"));
}

/// <summary>
/// One encoder a layer, each from the whole image, independent of the others. JSON kind "independent".
/// </summary>
public sealed record IndependentEvidence : EvidenceChoice
{
    internal override EvidenceEncoder Build(
        int layers, FeatureShape image, FeatureShape features, ParameterInitializer initializer) =>
        new IndependentEvidenceEncoder(
            Network.CreateStack(layers, Input(image), features, initializer, outputGain: 0.1));
}

/// <summary>
/// The paper's "independent deterministic encoders" (section 4.1.1): one network a layer, all on the whole of x and
/// none on a latent code, so that all layers are encoded at once.
/// </summary>
internal sealed class IndependentEvidenceEncoder : EvidenceEncoder
{
    private readonly StackedNetwork _networks;

    /// <summary>Encoders that these networks are: <paramref name="networks"/>.</summary>
    public IndependentEvidenceEncoder(StackedNetwork networks)
        : base(nameof(IndependentEvidenceEncoder))
    {
        _networks = networks;
        register_module("networks", networks);
    }

    public override EvidenceFeatures Encode(torch.Tensor x) => EvidenceFeatures.OfStack(_networks.Forward(x));
}

/// <summary>
/// One pass from the image upward, in which the features of a layer come from those of the layer below. JSON kind
/// "bottom-up".
/// </summary>
public sealed record BottomUpEvidence : EvidenceChoice
{
    internal override EvidenceEncoder Build(
        int layers, FeatureShape image, FeatureShape features, ParameterInitializer initializer) =>
        new BottomUpEvidenceEncoder(Network, layers, Input(image), features, initializer);
}

/// <summary>
/// A deterministic pass from x upward in which each layer's features come from those of the layer below: d_L = g_L(x),
/// d_l = d_{l+1} + g_l(d_{l+1}), and the features of layer l are an affine map of d_l. The first layer of the hierarchy is
/// the top, and is reached last. (The first suggestion of section 5 for future work.)
/// </summary>
internal sealed class BottomUpEvidenceEncoder : EvidenceEncoder
{
    private readonly ParameterNetwork _bottom;
    private readonly ParameterNetwork[] _steps;
    private readonly ParameterNetwork[] _heads;

    /// <summary>An encoder with freshly drawn parameters.</summary>
    /// <param name="design">Kind of its networks.</param>
    /// <param name="layers">Layers of the hierarchy, L.</param>
    /// <param name="input">What x stands for.</param>
    /// <param name="output">What the features of a layer stand for.</param>
    /// <param name="initializer">Draws the weights.</param>
    public BottomUpEvidenceEncoder(
        NetworkDesign design, int layers, FeatureShape input, FeatureShape output, ParameterInitializer initializer)
        : base(nameof(BottomUpEvidenceEncoder))
    {
        var features = design.Features(input, output);
        _bottom = design.Create(input, features, initializer);
        _steps = new ParameterNetwork[layers - 1];
        _heads = new ParameterNetwork[layers];
        register_module("bottom", _bottom);
        for (int layer = layers - 1; layer >= 0; layer--)
        {
            _heads[layer] = design.CreateHead(features, output, initializer, outputGain: 0.1);
            register_module($"head{layer}", _heads[layer]);
            if (layer < layers - 1)
            {
                _steps[layer] = design.CreateStep(features, initializer);
                register_module($"step{layer}", _steps[layer]);
            }
        }
    }

    public override EvidenceFeatures Encode(torch.Tensor x)
    {
        var features = new torch.Tensor[_heads.Length];
        var pass = _bottom.Forward(x);
        for (int layer = _heads.Length - 1; layer >= 0; layer--)
        {
            if (layer < _steps.Length)
            {
                pass = pass.Plus(_steps[layer].Forward(pass));
            }

            features[layer] = _heads[layer].Forward(pass);
        }

        return EvidenceFeatures.OfStack(torch.stack(features));
    }
}

/// <summary>
/// A deterministic pass from x upward (Sonderby et al. 2016): d_1 = g_1(x), d_{l+1} = g_{l+1}(d_l), with the features of each
/// layer an affine map of its d. The first layer of a hierarchy is the top, and is reached last.
/// </summary>
internal sealed class BottomUpEncoder : EvidenceEncoder
{
    private readonly NormalizedMlp[] _bodies;
    private readonly Mlp[] _heads;

    /// <summary>An encoder with freshly drawn parameters.</summary>
    /// <param name="inputs">Dimensions of x, D.</param>
    /// <param name="widths">Width of d of each layer, from the top layer on.</param>
    /// <param name="hiddenLayers">Hidden layers of each g, at least 1.</param>
    /// <param name="features">Features of each layer, from the top layer on.</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="initializer">Draws the weights.</param>
    public BottomUpEncoder(
        int inputs,
        IReadOnlyList<int> widths,
        int hiddenLayers,
        IReadOnlyList<int> features,
        Activation activation,
        ParameterInitializer initializer)
        : base(nameof(BottomUpEncoder))
    {
        _bodies = new NormalizedMlp[widths.Count];
        _heads = new Mlp[widths.Count];
        int width = inputs;
        for (int layer = widths.Count - 1; layer >= 0; layer--)
        {
            _bodies[layer] = new NormalizedMlp(
                width, [.. Enumerable.Repeat(widths[layer], hiddenLayers)], 0, activation, initializer);
            width = widths[layer];
            _heads[layer] = new Mlp(width, [], features[layer], activation, initializer, outputGain: 0.1);
            register_module($"body{layer}", _bodies[layer]);
            register_module($"head{layer}", _heads[layer]);
        }
    }

    public override EvidenceFeatures Encode(torch.Tensor x)
    {
        var features = new torch.Tensor[_bodies.Length];
        for (int layer = _bodies.Length - 1; layer >= 0; layer--)
        {
            x = _bodies[layer].ForwardOne(0, x).Output;
            features[layer] = _heads[layer].Forward(x);
        }

        return EvidenceFeatures.OfLayers(features);
    }
}
