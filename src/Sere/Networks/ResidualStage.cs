using TorchSharp;
using static TorchSharp.torch.nn;

namespace Sere.Networks;

/// <summary>One grid of a residual network: the step onto it, then its residual blocks.</summary>
internal sealed class ResidualStage : torch.nn.Module
{
    private readonly NormalizedConvolution _step;
    private readonly ResidualBlock[] _blocks;
    private readonly int _factor;
    private readonly FeatureShape _shape;

    /// <summary>A stage whose step divides the grid by a stride.</summary>
    public static ResidualStage Down(
        int stack, FeatureShape input, FeatureShape shape, int kernel, int stride, ResidualSettings settings, ParameterInitializer initializer) =>
        new(
            new NormalizedConvolution(
                stack, input.Channels, shape.Channels, kernel, stride, settings.Normalization, 1, initializer),
            stack, shape, 1, kernel, settings, initializer);

    /// <summary>A stage whose step multiplies the grid by a factor, by sub-pixel convolution (Shi et al. 2016).</summary>
    public static ResidualStage Up(
        int stack, FeatureShape input, FeatureShape shape, int kernel, int factor, ResidualSettings settings, ParameterInitializer initializer) =>
        new(
            new NormalizedConvolution(
                stack, input.Channels, shape.Channels * factor * factor, kernel, 1, settings.Normalization, 1, initializer),
            stack, shape, factor, kernel, settings, initializer);

    /// <summary>A stage whose step makes a grid of a vector.</summary>
    public static ResidualStage FromVector(
        int stack, int inputs, FeatureShape shape, int kernel, ResidualSettings settings, ParameterInitializer initializer) =>
        new(
            new NormalizedConvolution(stack, inputs, shape.Size, 1, 1, settings.Normalization, 1, initializer),
            stack, shape, 0, kernel, settings, initializer);

    private ResidualStage(
        NormalizedConvolution step, int stack, FeatureShape shape, int factor, int kernel, ResidualSettings settings, ParameterInitializer initializer)
        : base(nameof(ResidualStage))
    {
        (_step, _shape, _factor) = (step, shape, factor);
        register_module("step", step);
        _blocks = new ResidualBlock[settings.Blocks];
        for (int block = 0; block < _blocks.Length; block++)
        {
            _blocks[block] = new ResidualBlock(stack, shape.Channels, kernel, settings, initializer);
            register_module($"block{block}", _blocks[block]);
        }
    }

    /// <summary>The features on this stage's grid, [R, count channels, H, W].</summary>
    public torch.Tensor Forward(torch.Tensor x, int first, int count)
    {
        var y = Grid(_step.Forward(x, first, count), count);
        foreach (var block in _blocks)
        {
            y = block.Forward(y, first, count);
        }

        return y;
    }

    private torch.Tensor Grid(torch.Tensor y, int count) => _factor switch
    {
        0 => y.view(y.shape[0], count * _shape.Channels, _shape.Height, _shape.Width),
        1 => y,
        _ => Crop(functional.pixel_shuffle(y, _factor), _shape),
    };

    /// <summary>Cuts off what a whole factor gives beyond the grid.</summary>
    internal static torch.Tensor Crop(torch.Tensor y, FeatureShape shape) =>
        y.shape[2] == shape.Height && y.shape[3] == shape.Width
            ? y
            : y.narrow(2, 0, shape.Height).narrow(3, 0, shape.Width);
}
