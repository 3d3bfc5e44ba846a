using Sere.Numerics;
using TorchSharp;
using static TorchSharp.torch.nn;

namespace Sere.Networks;

/// <summary>The form of <see cref="MaskedConvolutions"/>.</summary>
/// <param name="Channels">Features of a place in each of the two stacks.</param>
/// <param name="Kernels">Side of the kernels of each layer, odd.</param>
/// <param name="Context">Channels of the context; 0 for none.</param>
/// <param name="Parameters">Outputs of a place.</param>
internal sealed record MaskedConvolutionSettings(int Channels, IReadOnlyList<int> Kernels, int Context, int Parameters);

/// <summary>
/// A stack of gated networks of masked convolutions (van den Oord et al. 2016): the outputs of a place are a function of the
/// inputs at the places before it in raster order, and of the whole context. A vertical stack sees the rows above, a
/// horizontal one what is left in the row; the horizontal stack takes the vertical one from the row above, so that no place
/// before is out of sight. Kernels are cut to what a mask would leave of them.
/// </summary>
internal sealed class MaskedConvolutions : PixelNetwork
{
    private readonly GatedMaskedLayer[] _layers;

    /// <summary>A stack of networks with freshly drawn parameters.</summary>
    /// <param name="stack">Number of them, S.</param>
    /// <param name="input">What the input of each stands for.</param>
    /// <param name="settings">Their form.</param>
    /// <param name="initializer">Draws the weights.</param>
    public MaskedConvolutions(
        int stack, FeatureShape input, MaskedConvolutionSettings settings, ParameterInitializer initializer)
        : base(nameof(MaskedConvolutions), input)
    {
        int channels = settings.Channels;
        _layers = new GatedMaskedLayer[settings.Kernels.Count];
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            _layers[layer] = new GatedMaskedLayer(
                stack,
                layer == 0 ? input.Channels : channels,
                settings,
                settings.Kernels[layer],
                isFirst: layer == 0,
                initializer);
            register_module($"layer{layer}", _layers[layer]);
        }

        Head = new PixelHead(this, stack, channels, settings.Parameters, initializer);
    }

    public override PixelHead Head { get; }

    public override PixelSequence Sequence(int member, torch.Tensor? context, torch.Tensor like) =>
        new SequentialMaskedConvolutions(
            this, member, like, [.. _layers.Select(layer => layer.Sequential(member, context, like.shape[0], Input.Width))]);

    protected override torch.Tensor Features(torch.Tensor x, torch.Tensor? context, int first, int count)
    {
        var (vertical, horizontal) = (x, x);
        foreach (var layer in _layers)
        {
            (vertical, horizontal) = layer.Forward(vertical, horizontal, context, first, count);
        }

        return horizontal;
    }
}

/// <summary>
/// A layer of <see cref="MaskedConvolutions"/>: y = tanh(W_f * x + V_f h) sigmoid(W_g * x + V_g h) in each stack, with h the
/// context. The horizontal stack has a residual connection in all but the first layer.
/// </summary>
internal sealed class GatedMaskedLayer : torch.nn.Module
{
    // Of sums of two, so that they start with the variance of one; the context starts as a part of them.
    private const double HalfVariance = 0.7071067811865476;
    private const double ContextGain = 0.5;
    private readonly int _kernel;
    private readonly bool _isFirst;
    private readonly int _channels;
    private readonly StackedConvolution _vertical;
    private readonly StackedConvolution _link;
    private readonly StackedConvolution _horizontal;
    private readonly StackedConvolution _output;
    private readonly StackedConvolution? _verticalContext;
    private readonly StackedConvolution? _horizontalContext;

    /// <summary>A stack of layers with freshly drawn parameters.</summary>
    /// <param name="stack">Number of them, S.</param>
    /// <param name="inputs">Channels of the input.</param>
    /// <param name="settings">The form of the networks.</param>
    /// <param name="kernel">Side of the kernel.</param>
    /// <param name="isFirst">Whether the input are the pixels, of which a place must not see its own.</param>
    /// <param name="initializer">Draws the weights.</param>
    public GatedMaskedLayer(
        int stack, int inputs, MaskedConvolutionSettings settings, int kernel, bool isFirst, ParameterInitializer initializer)
        : base(nameof(GatedMaskedLayer))
    {
        (_kernel, _isFirst, _channels) = (kernel, isFirst, settings.Channels);
        int gates = 2 * _channels;
        double branch = isFirst ? 1 : 1 / Math.Sqrt(settings.Kernels.Count);
        _vertical = new StackedConvolution(stack, inputs, gates, (Half, kernel), gain: 1, initializer);
        _link = new StackedConvolution(stack, gates, gates, (1, 1), HalfVariance, initializer);
        _horizontal = new StackedConvolution(stack, inputs, gates, (1, Half), HalfVariance, initializer);
        _output = new StackedConvolution(stack, _channels, _channels, (1, 1), branch, initializer);
        register_module("vertical", _vertical);
        register_module("link", _link);
        register_module("horizontal", _horizontal);
        register_module("output", _output);
        if (settings.Context > 0)
        {
            _verticalContext = new StackedConvolution(stack, settings.Context, gates, (1, 1), ContextGain, initializer);
            _horizontalContext = new StackedConvolution(stack, settings.Context, gates, (1, 1), ContextGain, initializer);
            register_module("vertical_context", _verticalContext);
            register_module("horizontal_context", _horizontalContext);
        }
    }

    /// <summary>Rows, or columns, of the half of a kernel that no mask hides.</summary>
    private int Half => (_kernel + 1) / 2;

    /// <summary>All places at once: what both stacks make of what both were given.</summary>
    /// <param name="vertical">[R, count inputs, H, W]; a place may see its own row and those above.</param>
    /// <param name="horizontal">[R, count inputs, H, W]; a place may see itself and what is left of it, but in the first layer.</param>
    /// <param name="context">[R, count context, H, W]; null where there is none.</param>
    /// <param name="first">The first layer of the stack that computes.</param>
    /// <param name="count">How many do.</param>
    public (torch.Tensor Vertical, torch.Tensor Horizontal) Forward(
        torch.Tensor vertical, torch.Tensor horizontal, torch.Tensor? context, int first, int count)
    {
        int side = _kernel / 2;
        var above = With(
            _vertical.Forward(functional.pad(vertical, [side, side, Half - 1, 0]), first, count),
            _verticalContext?.Forward(context!, first, count));

        // What a row may see of the rows above lies one row higher.
        var link = functional.pad(_link.Forward(above, first, count), [0, 0, 1, -1]);
        long[] left = _isFirst ? [Half, -1, 0, 0] : [Half - 1, 0, 0, 0];
        var here = With(
            _horizontal.Forward(functional.pad(horizontal, left), first, count).Plus(link),
            _horizontalContext?.Forward(context!, first, count));
        var output = _output.Forward(Gate(here, count), first, count);
        return (Gate(above, count), _isFirst ? output : horizontal.Plus(output));
    }

    /// <summary>One layer of the stack, for place after place.</summary>
    /// <param name="member">Which.</param>
    /// <param name="context">[R, context, H, W]; null where there is none.</param>
    /// <param name="rows">R.</param>
    /// <param name="width">W.</param>
    public SequentialLayer Sequential(int member, torch.Tensor? context, long rows, int width) => new(
        _isFirst,
        width,
        _vertical.Member(member),
        PlaceMap.Of(_link, member),
        PlaceMap.Of(_horizontal, member),
        PlaceMap.Of(_output, member),
        _verticalContext?.Forward(context!, member, 1),
        _horizontalContext?.Forward(context!, member, 1),
        rows);

    /// <summary>tanh of the first half of the channels times sigmoid of the second, of each of a stack.</summary>
    internal static torch.Tensor Gate(torch.Tensor sum, int count)
    {
        long[] shape = sum.shape;
        var parts = sum.reshape([shape[0], count, 2, shape[1] / (2 * count), .. shape[2..]]).unbind(2);
        return (parts[0].tanh() * parts[1].sigmoid()).reshape([shape[0], shape[1] / 2, .. shape[2..]]);
    }

    private static torch.Tensor With(torch.Tensor sum, torch.Tensor? context) => context is null ? sum : sum.Plus(context);
}
