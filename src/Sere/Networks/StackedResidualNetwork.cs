using Sere.Kernels;
using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace Sere.Networks;

/// <summary>
/// S residual convolutional networks of one form with independent weights, computed as grouped convolutions: a trunk of
/// residual stages and an affine map of its activated features. Features are flat at the surface, in the order
/// [channels, height, width].
/// </summary>
internal sealed class StackedResidualNetwork : StackedNetwork
{
    private readonly ResidualTrunk _trunk;
    private readonly ConvolutionalHead _head;
    private readonly FeatureShape _input;

    /// <summary>A stack of networks.</summary>
    /// <param name="stack">Number of them, S.</param>
    /// <param name="input">What the input of each stands for.</param>
    /// <param name="output">What the output of each stands for.</param>
    /// <param name="settings">Widths, blocks, kernel, stride, activation and normalization.</param>
    /// <param name="initializer">Draws the initial weights.</param>
    /// <param name="outputGain">Standard deviation of the outputs at the start, where features have variance 1.</param>
    /// <exception cref="UsageException">The last stage's grid cannot become the output's.</exception>
    public StackedResidualNetwork(
        int stack,
        FeatureShape input,
        FeatureShape output,
        ResidualDesign settings,
        ParameterInitializer initializer,
        double outputGain = 1)
        : base(nameof(StackedResidualNetwork))
    {
        Stack = stack;
        _input = input;
        _trunk = new ResidualTrunk(stack, input, output, settings, initializer);
        _head = new ConvolutionalHead(stack, _trunk.Output, output, settings, initializer, outputGain);
        register_module("trunk", _trunk);
        register_module("head", _head);
    }

    public override int Stack { get; }

    public override (torch.Tensor Output, torch.Tensor Hidden) ForwardWithHidden(torch.Tensor x)
    {
        var grid = x.dim() == 2
            ? x.view(x.shape[0], _input.Channels, _input.Height, _input.Width)
            : StackedGrid.FromFlat(x, _input);
        return Forward(grid, 0, Stack);
    }

    public override (torch.Tensor Output, torch.Tensor Hidden) ForwardOne(int index, torch.Tensor x)
    {
        var (output, hidden) = Forward(
            x.reshape(x.shape[0], _input.Channels, _input.Height, _input.Width), index, 1);
        return (output.squeeze(0), hidden.squeeze(0));
    }

    public override void InitializeOutput(torch.Tensor values) => _head.InitializeOutput(values);

    private (torch.Tensor Output, torch.Tensor Hidden) Forward(torch.Tensor x, int first, int count)
    {
        var hidden = _trunk.Forward(x, first, count);
        return (_head.Forward(hidden, first, count), StackedGrid.ToFlat(hidden, count));
    }
}

/// <summary>
/// The affine map from the last features of a stack to its outputs: dense onto a vector, place by place onto the
/// same grid, a sub-pixel convolution (Shi et al. 2016) onto a finer one. Onto a grid each output has a bias of its own too,
/// since what a pixel is on average depends on its place.
/// </summary>
internal sealed class ConvolutionalHead : torch.nn.Module
{
    private readonly StackedConvolution _convolution;
    private readonly Parameter? _bias;
    private readonly FeatureShape _output;
    private readonly int _factor;

    /// <summary>A stack of heads.</summary>
    /// <exception cref="UsageException">The output's grid is coarser than that of the features.</exception>
    public ConvolutionalHead(
        int stack,
        FeatureShape features,
        FeatureShape output,
        ResidualDesign settings,
        ParameterInitializer initializer,
        double gain)
        : base(nameof(ConvolutionalHead))
    {
        _output = output;
        bool isNormalized = settings.Normalization == Normalization.Weight;
        if (output.IsVector)
        {
            _convolution = new StackedConvolution(stack, features.Size, output.Size, 1, 1, isNormalized, gain, initializer);
        }
        else
        {
            _factor = Math.Max(Ratio(output.Height, features.Height), Ratio(output.Width, features.Width));
            if (features.Height * _factor < output.Height || features.Width * _factor < output.Width
                || features.Height > output.Height || features.Width > output.Width)
            {
                throw new UsageException(
                    $"The last features of a residual network lie on a {features.Height}x{features.Width} grid and cannot become "
                    + $"{output.Height}x{output.Width}; change the stride or the number of widths of the network.");
            }

            _convolution = new StackedConvolution(
                stack, features.Channels, output.Channels * _factor * _factor, _factor == 1 ? 1 : settings.Kernel, 1, isNormalized, gain, initializer);
            _bias = initializer.Constant(0, (long)stack * output.Channels, output.Height, output.Width);
            register_parameter("output_bias", _bias);
        }

        register_module("convolution", _convolution);
    }

    /// <summary>[R, count channels, h, w] to flat outputs [count, R, outputs].</summary>
    public torch.Tensor Forward(torch.Tensor features, int first, int count)
    {
        if (_bias is null)
        {
            var vector = features.reshape(features.shape[0], -1, 1, 1);
            return StackedGrid.ToFlat(_convolution.Forward(vector, first, count), count);
        }

        var y = _convolution.Forward(features, first, count);
        y = ResidualStage.Crop(_factor == 1 ? y : functional.pixel_shuffle(y, _factor), _output);
        var bias = _bias.narrow(0, (long)first * _output.Channels, (long)count * _output.Channels);
        return StackedGrid.ToFlat(y.Plus(bias), count);
    }

    /// <summary>Sets what each output is where all weights are zero, [S, 1, outputs].</summary>
    public void InitializeOutput(torch.Tensor values)
    {
        if (_bias is null)
        {
            _convolution.InitializeBias(values);
            return;
        }

        _bias.copy_(values.view(_bias.shape));
    }

    private static int Ratio(int length, int from) => (length + from - 1) / from;
}

/// <summary>Residual convolutional networks; without a grid, residual perceptrons. JSON kind "resnet".</summary>
public sealed record ResidualDesign : NetworkDesign
{
    /// <summary>Channels of each stage, from the finest grid on. The list is copied when it is set.</summary>
    [In("[1, 4096]", Widths = "[1, 10]")]
    public IReadOnlyList<int> Widths { get; init => field = [.. value]; } = [32];

    /// <summary>Residual blocks of each stage.</summary>
    [In("[0, 1000]")] public int Blocks { get; init; } = 1;

    /// <summary>Side of each kernel; without a grid every kernel is 1.</summary>
    [In("{1, 3, 5, 7}")] public int Kernel { get; init; } = 3;

    /// <summary>Factor between the grids of two stages, and from the whole grid to the first.</summary>
    [In("[1, 8]")] public int Stride { get; init; } = 2;

    /// <summary>Nonlinearity within the blocks and before the last layer.</summary>
    public Activation Activation { get; init; } = Activation.Silu;

    /// <summary>What keeps the features at one scale.</summary>
    public Normalization Normalization { get; init; } = Normalization.Weight;

    /// <summary>Whether both describe the same network.</summary>
    public bool Equals(ResidualDesign? other) =>
        other is not null && Widths.SequenceEqual(other.Widths)
        && (Blocks, Kernel, Stride, Activation, Normalization)
            == (other.Blocks, other.Kernel, other.Stride, other.Activation, other.Normalization);

    /// <summary>A hash of what describes the network.</summary>
    public override int GetHashCode() =>
        HashCode.Combine(Hash(Widths), Blocks, Kernel, Stride, Activation, Normalization);

    internal override bool IsConvolutional => true;

    /// <summary>
    /// Factor on the initial output of each residual branch: with 1/sqrt(depth), the variance of all branches together
    /// is that of one, whatever the depth.
    /// </summary>
    internal double BranchGain => 1 / Math.Sqrt(Math.Max(1, Widths.Count * Blocks));

    internal override ParameterNetwork Create(
        FeatureShape input, FeatureShape output, ParameterInitializer initializer, double outputGain = 1) =>
        new SingleNetwork(CreateStack(1, input, output, initializer, outputGain));

    internal override StackedNetwork CreateStack(
        int stack, FeatureShape input, FeatureShape output, ParameterInitializer initializer, double outputGain = 1) =>
        new StackedResidualNetwork(stack, input, output, this, initializer, outputGain);

    internal override FeatureShape Features(FeatureShape input, FeatureShape output) =>
        ResidualTrunk.Features(input, output, this);

    internal override ParameterNetwork CreateStep(FeatureShape features, ParameterInitializer initializer) =>
        new SingleNetwork(new StackedResidualNetwork(
            1, features, features, this with { Widths = [features.Channels], Stride = 1, Blocks = 0 }, initializer));

    internal override ParameterNetwork CreateHead(
        FeatureShape features, FeatureShape output, ParameterInitializer initializer, double outputGain) =>
        new SingleNetwork(new StackedResidualNetwork(
            1, features, output, this with { Widths = [] }, initializer, outputGain));

    internal override RefinementNetwork CreateJointRefinement(
        int stack, FeatureShape known, FeatureShape code, FeatureShape output, ParameterInitializer initializer) =>
        new JointConvolutionalRefinement(stack, known, code, output, this, initializer);
}
