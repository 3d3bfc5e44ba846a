using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace Sere.Networks;

/// <summary>
/// A stack of networks over images in which the outputs of a place are a function of the inputs at the places before it in
/// raster order, and of a context: of all places at once, or place after place.
/// </summary>
/// <param name="name">The name of the module.</param>
/// <param name="input">What the input of each network stands for.</param>
internal abstract class PixelNetwork(string name, FeatureShape input) : torch.nn.Module(name)
{
    /// <summary>What the input of each network stands for.</summary>
    public FeatureShape Input { get; } = input;

    /// <summary>From the features of a place to its outputs.</summary>
    public abstract PixelHead Head { get; }

    /// <summary>The outputs of all places at once.</summary>
    /// <param name="x">[R, count channels, H, W].</param>
    /// <param name="context">[R, count context, H, W]; null where there is none.</param>
    /// <param name="first">The first network that computes.</param>
    /// <param name="count">How many do.</param>
    /// <returns>[R, count parameters, H, W].</returns>
    public torch.Tensor Forward(torch.Tensor x, torch.Tensor? context, int first, int count) =>
        Head.Forward(Features(x, context, first, count), first, count);

    /// <summary>One network before its first input, to be gone through without gradients.</summary>
    /// <param name="member">Which of them.</param>
    /// <param name="context">[R, context, H, W]; null where there is none.</param>
    /// <param name="like">Inputs of the shape [R, channels, H W], of whose type the network is.</param>
    public abstract PixelSequence Sequence(int member, torch.Tensor? context, torch.Tensor like);

    /// <summary>The features of all places, [R, count features, H, W], as <see cref="Forward"/> takes the rest.</summary>
    protected abstract torch.Tensor Features(torch.Tensor x, torch.Tensor? context, int first, int count);
}

/// <summary>
/// One <see cref="PixelNetwork"/> whose inputs become known place after place: it is asked for the outputs of the next place,
/// and then given the input there.
/// </summary>
/// <param name="network">The stack of networks.</param>
/// <param name="member">Which of them.</param>
/// <param name="like">Inputs of the shape [R, channels, H W].</param>
internal abstract class PixelSequence(PixelNetwork network, int member, torch.Tensor like)
{
    private readonly Func<torch.Tensor, torch.Tensor> _head = network.Head.Of(member);
    private readonly torch.Tensor _bias = network.Head.Bias(member);
    private readonly int _width = network.Input.Width;
    private readonly torch.Tensor _row =
        torch.zeros([like.shape[0], network.Input.Channels, 1, network.Input.Width], like.dtype, like.device);

    private int _place;

    /// <summary>The outputs of the next place, [R, parameters].</summary>
    public torch.Tensor Next() => _head(Features(_place % _width)).Plus(_bias.select(1, _place));

    /// <summary>Gives the input of that place, [R, channels].</summary>
    public void Give(torch.Tensor input)
    {
        int column = _place % _width;
        Give(input, column);
        _row.select(2, 0).select(2, column).copy_(input);
        _place++;
        if (column == _width - 1)
        {
            EndRow(_row, (_place / _width) - 1);
        }
    }

    /// <summary>The features of the next place, [R, features].</summary>
    protected abstract torch.Tensor Features(int column);

    /// <summary>The input of that place, [R, channels].</summary>
    protected abstract void Give(torch.Tensor input, int column);

    /// <summary>A row is known, [R, channels, 1, W]; the next begins.</summary>
    protected abstract void EndRow(torch.Tensor inputs, int row);
}

/// <summary>
/// The last layers of a stack of <see cref="PixelNetwork"/>: two of single places behind activations, and a bias of each
/// place.
/// </summary>
#pragma warning disable CA1001 // They are modules of the networks, which dispose of them.
internal sealed class PixelHead
#pragma warning restore CA1001
{
    // Small enough that training starts near the bias of each place, large enough that every weight has a gradient.
    private const double OutputGain = 0.1;
    private readonly StackedConvolution _hidden;
    private readonly StackedConvolution _outputs;
    private readonly Parameter _bias;
    private readonly int _parameters;

    /// <summary>With freshly drawn parameters, which become those of the module.</summary>
    /// <param name="module">The networks.</param>
    /// <param name="stack">Number of them, S.</param>
    /// <param name="channels">Features of a place.</param>
    /// <param name="parameters">Outputs of a place.</param>
    /// <param name="initializer">Draws the weights.</param>
    public PixelHead(PixelNetwork module, int stack, int channels, int parameters, ParameterInitializer initializer)
    {
        _parameters = parameters;
        _hidden = new StackedConvolution(stack, channels, channels, (1, 1), gain: 1, initializer);
        _outputs = new StackedConvolution(stack, channels, parameters, (1, 1), OutputGain, initializer);
        _bias = initializer.Constant(0, (long)stack * parameters, module.Input.Height, module.Input.Width);
        module.register_module("hidden", _hidden);
        module.register_module("outputs", _outputs);
        module.register_parameter("output_bias", _bias);
    }

    /// <summary>[R, count features, H, W] to [R, count parameters, H, W].</summary>
    public torch.Tensor Forward(torch.Tensor features, int first, int count)
    {
        var hidden = _hidden.Forward(functional.silu(features), first, count);
        return _outputs.Forward(functional.silu(hidden), first, count)
            .Plus(_bias.narrow(0, (long)first * _parameters, (long)count * _parameters));
    }

    /// <summary>Sets what the outputs are where all weights are zero, [S, parameters H W].</summary>
    public void InitializeOutput(torch.Tensor values) => _bias.copy_(values.view(_bias.shape));

    /// <summary>Of one network, from the features of a place, [R, features], to its outputs without the bias of the place.</summary>
    public Func<torch.Tensor, torch.Tensor> Of(int member)
    {
        var (hidden, outputs) = (PlaceMap.Of(_hidden, member), PlaceMap.Of(_outputs, member));
        return features => outputs.Apply(functional.silu(hidden.Apply(functional.silu(features))));
    }

    /// <summary>The bias of each place of one network, [parameters, H W].</summary>
    public torch.Tensor Bias(int member) => _bias.narrow(0, (long)member * _parameters, _parameters).view(_parameters, -1);
}

/// <summary>A convolution of one member of a stack where it sees one place, or a piece of a row: an affine map.</summary>
/// <param name="Weight">[outputs, inputs].</param>
/// <param name="Bias">[outputs].</param>
internal sealed record PlaceMap(torch.Tensor Weight, torch.Tensor Bias)
{
    /// <summary>The map of a member.</summary>
    public static PlaceMap Of(StackedConvolution convolution, int member)
    {
        var (weight, bias) = convolution.Member(member);
        return new PlaceMap(weight.view(weight.shape[0], -1), bias);
    }

    /// <summary>[..., inputs] to [..., outputs].</summary>
    public torch.Tensor Apply(torch.Tensor x) => TensorMath.Linear(x, Weight, Bias);
}
