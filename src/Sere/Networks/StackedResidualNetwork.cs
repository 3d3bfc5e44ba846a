using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// S residual convolutional networks of one form with independent weights, computed as grouped convolutions: a trunk of
/// residual stages and an affine map of its activated features. Features are flat at the surface, in the order
/// [channels, height, width].
/// </summary>
public sealed class StackedResidualNetwork : StackedNetwork
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
        ResidualSettings settings,
        ParameterInitializer initializer,
        double outputGain = 1)
        : base(nameof(StackedResidualNetwork))
    {
        ArgumentNullException.ThrowIfNull(settings);
        Stack = stack;
        _input = input;
        _trunk = new ResidualTrunk(stack, input, output, settings, initializer);
        _head = new ConvolutionalHead(stack, _trunk.Output, output, settings, initializer, outputGain);
        register_module("trunk", _trunk);
        register_module("head", _head);
    }

    /// <inheritdoc/>
    public override int Stack { get; }

    /// <inheritdoc/>
    public override (torch.Tensor Output, torch.Tensor Hidden) ForwardWithHidden(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        var grid = x.dim() == 2
            ? x.view(x.shape[0], _input.Channels, _input.Height, _input.Width)
            : StackedGrid.FromFlat(x, _input);
        return Forward(grid, 0, Stack);
    }

    /// <inheritdoc/>
    public override (torch.Tensor Output, torch.Tensor Hidden) ForwardOne(int index, torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        var (output, hidden) = Forward(
            x.reshape(x.shape[0], _input.Channels, _input.Height, _input.Width), index, 1);
        return (output.squeeze(0), hidden.squeeze(0));
    }

    /// <inheritdoc/>
    public override void InitializeOutput(torch.Tensor values) => _head.InitializeOutput(values);

    private (torch.Tensor Output, torch.Tensor Hidden) Forward(torch.Tensor x, int first, int count)
    {
        var hidden = _trunk.Forward(x, first, count);
        return (_head.Forward(hidden, first, count), StackedGrid.ToFlat(hidden, count));
    }
}
