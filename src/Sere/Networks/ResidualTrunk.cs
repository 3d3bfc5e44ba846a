using Sere.Kernels;
using Sere.Numerics;
using TorchSharp;
using static TorchSharp.torch.nn;

namespace Sere.Networks;

/// <summary>
/// The stages of a residual network up to its last features: down from a grid, up from a vector, or down and up again
/// where input and output are grids of one size, with the features of the way down added on the way up.
/// </summary>
internal sealed class ResidualTrunk : torch.nn.Module
{
    private readonly ResidualStage[] _stages;
    private readonly ResidualStage[] _back;
    private readonly Activation _activation;
    private readonly FeatureShape _input;

    /// <summary>A stack of trunks.</summary>
    public ResidualTrunk(
        int stack, FeatureShape input, FeatureShape output, ResidualDesign settings, ParameterInitializer initializer)
        : base(nameof(ResidualTrunk))
    {
        _input = input;
        _activation = settings.Activation;
        var shapes = Shapes(input, output, settings);
        _stages = new ResidualStage[shapes.Count];
        var from = input;
        for (int i = 0; i < _stages.Length; i++)
        {
            var to = shapes[i];
            int kernel = to.IsVector ? 1 : settings.Kernel;
            _stages[i] = from.IsVector && !to.IsVector
                ? ResidualStage.FromVector(stack, from.Channels, to, kernel, settings, initializer)
                : input.IsVector && !output.IsVector
                    ? ResidualStage.Up(stack, from, to, kernel, settings.Stride, settings, initializer)
                    : ResidualStage.Down(
                        stack, from, to, from.IsVector ? 1 : settings.Kernel, from.IsVector ? 1 : settings.Stride, settings, initializer);
            register_module($"stage{i}", _stages[i]);
            from = to;
        }

        _back = new ResidualStage[ReturnsToFirst(input, output, settings) ? shapes.Count - 1 : 0];
        for (int i = _back.Length - 1; i >= 0; i--)
        {
            _back[i] = ResidualStage.Up(
                stack, from, shapes[i], settings.Kernel, settings.Stride, settings with { Blocks = 0 }, initializer);
            register_module($"back{i}", _back[i]);
            from = shapes[i];
        }

        Output = from;
    }

    /// <summary>What the features stand for.</summary>
    public FeatureShape Output { get; }

    /// <summary>What the features of a trunk of these sizes stand for.</summary>
    public static FeatureShape Features(FeatureShape input, FeatureShape output, ResidualDesign settings)
    {
        var shapes = Shapes(input, output, settings);
        return shapes.Count == 0 ? input : ReturnsToFirst(input, output, settings) ? shapes[0] : shapes[^1];
    }

    /// <summary>The features, activated: [R, count inputs, H, W] to [R, count channels, h, w].</summary>
    public torch.Tensor Forward(torch.Tensor x, int first, int count)
    {
        var kept = new List<torch.Tensor>(_stages.Length);
        foreach (var stage in _stages)
        {
            x = stage.Forward(kept.Count > 0 ? _activation.Apply(x) : x, first, count);
            kept.Add(x);
        }

        for (int i = _back.Length - 1; i >= 0; i--)
        {
            x = kept[i].Plus(_back[i].Forward(_activation.Apply(x), first, count));
        }

        return kept.Count > 0 ? _activation.Apply(x) : x;
    }

    private static bool ReturnsToFirst(FeatureShape input, FeatureShape output, ResidualDesign settings) =>
        settings.Stride > 1 && settings.Widths.Count > 1 && !input.IsVector
        && input.Height == output.Height && input.Width == output.Width;

    private static List<FeatureShape> Shapes(FeatureShape input, FeatureShape output, ResidualDesign settings)
    {
        var grid = input.IsVector ? output : input;
        var shapes = new List<FeatureShape>(settings.Widths.Count);
        foreach (int width in settings.Widths)
        {
            grid = new FeatureShape(width, Divide(grid.Height, settings.Stride), Divide(grid.Width, settings.Stride));
            shapes.Add(grid);
        }

        if (input.IsVector)
        {
            shapes.Reverse();
        }

        return shapes;
    }

    private static int Divide(int length, int stride) => (length + stride - 1) / stride;
}

/// <summary>One grid of a residual network: the step onto it, then its residual blocks.</summary>
internal sealed class ResidualStage : torch.nn.Module
{
    private readonly NormalizedConvolution _step;
    private readonly ResidualBlock[] _blocks;
    private readonly int _factor;
    private readonly FeatureShape _shape;

    /// <summary>A stage whose step divides the grid by a stride.</summary>
    public static ResidualStage Down(
        int stack, FeatureShape input, FeatureShape shape, int kernel, int stride, ResidualDesign settings, ParameterInitializer initializer) =>
        new(
            new NormalizedConvolution(
                stack, input.Channels, shape.Channels, kernel, stride, settings.Normalization, 1, initializer),
            stack, shape, 1, kernel, settings, initializer);

    /// <summary>A stage whose step multiplies the grid by a factor, by sub-pixel convolution (Shi et al. 2016).</summary>
    public static ResidualStage Up(
        int stack, FeatureShape input, FeatureShape shape, int kernel, int factor, ResidualDesign settings, ParameterInitializer initializer) =>
        new(
            new NormalizedConvolution(
                stack, input.Channels, shape.Channels * factor * factor, kernel, 1, settings.Normalization, 1, initializer),
            stack, shape, factor, kernel, settings, initializer);

    /// <summary>A stage whose step makes a grid of a vector.</summary>
    public static ResidualStage FromVector(
        int stack, int inputs, FeatureShape shape, int kernel, ResidualDesign settings, ParameterInitializer initializer) =>
        new(
            new NormalizedConvolution(stack, inputs, shape.Size, 1, 1, settings.Normalization, 1, initializer),
            stack, shape, 0, kernel, settings, initializer);

    private ResidualStage(
        NormalizedConvolution step, int stack, FeatureShape shape, int factor, int kernel, ResidualDesign settings, ParameterInitializer initializer)
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

/// <summary>x + convolution(activation(convolution(activation(x)))), for each of a stack (He et al. 2016).</summary>
internal sealed class ResidualBlock : torch.nn.Module
{
    private readonly NormalizedConvolution _first;
    private readonly NormalizedConvolution _second;
    private readonly Activation _activation;

    /// <summary>A stack of blocks that keep so many channels.</summary>
    public ResidualBlock(int stack, int channels, int kernel, ResidualDesign settings, ParameterInitializer initializer)
        : base(nameof(ResidualBlock))
    {
        _activation = settings.Activation;
        _first = new NormalizedConvolution(stack, channels, channels, kernel, 1, settings.Normalization, 1, initializer);
        _second = new NormalizedConvolution(
            stack, channels, channels, kernel, 1, settings.Normalization, settings.BranchGain, initializer);
        register_module("first", _first);
        register_module("second", _second);
    }

    /// <summary>[R, count channels, H, W] to the same shape.</summary>
    public torch.Tensor Forward(torch.Tensor x, int first, int count)
    {
        var hidden = _first.Forward(_activation.Apply(x), first, count);
        return x.Plus(_second.Forward(_activation.Apply(hidden), first, count));
    }
}
