using Sere.Numerics;
using TorchSharp;

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
        int stack, FeatureShape input, FeatureShape output, ResidualSettings settings, ParameterInitializer initializer)
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
    public static FeatureShape Features(FeatureShape input, FeatureShape output, ResidualSettings settings)
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

    private static bool ReturnsToFirst(FeatureShape input, FeatureShape output, ResidualSettings settings) =>
        settings.Stride > 1 && settings.Widths.Count > 1 && !input.IsVector
        && input.Height == output.Height && input.Width == output.Width;

    private static List<FeatureShape> Shapes(FeatureShape input, FeatureShape output, ResidualSettings settings)
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
