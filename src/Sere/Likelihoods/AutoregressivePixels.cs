using Sere.Distributions;
using Sere.Networks;
using Sere.Numerics;
using Sere.Partitions;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// Makes each pixel of a block depend on those before it in the block, in raster order, and on a context: one stack of
/// networks, whose outputs are the parameters of the pixels. A block is laid out in its window of the image.
/// </summary>
internal sealed class AutoregressivePixels : torch.nn.Module
{
    private readonly Partition _partition;
    private readonly DataFamily _family;
    private readonly BlockWindows _windows;
    private readonly PixelNetwork _network;

    /// <summary>With freshly drawn parameters.</summary>
    /// <param name="settings">The kind of the networks.</param>
    /// <param name="partition">How x is cut.</param>
    /// <param name="family">The distribution of a position.</param>
    /// <param name="context">Channels of the context; 0 for none.</param>
    /// <param name="initializer">Draws the parameters.</param>
    /// <exception cref="UsageException">The data are no images.</exception>
    public AutoregressivePixels(
        AutoregressivePixelChoice settings,
        Partition partition,
        DataFamily family,
        int context,
        ParameterInitializer initializer)
        : base(nameof(AutoregressivePixels))
    {
        (_partition, _family) = (partition, family);
        _windows = partition.Windows(initializer.Type, initializer.Device) ?? throw new UsageException(
            "Pixels before others are those of images, and the data are none; set model.data.pixels.kind to independent.");
        Context = _windows.Shape.WithChannels(context);
        int parameters = family.ParameterCount(_windows.Shape.Size) / _windows.Shape.Positions;
        _network = settings.Network(partition.Blocks, _windows.Known, context, parameters, initializer);
        register_module("network", _network);
    }

    /// <summary>What the context of a block stands for: channels of its window.</summary>
    public FeatureShape Context { get; }

    /// <summary>The parameters of all pixels at once, each given the true pixels before it.</summary>
    /// <param name="context">[n, K B, context]; null where there is none.</param>
    /// <param name="blocks">The true blocks, padded, [n, B, LargestBlock].</param>
    /// <param name="first">The first of these n blocks.</param>
    /// <returns>Those of padded blocks, [n, K B, P LargestBlock / C].</returns>
    public torch.Tensor Parameters(torch.Tensor? context, torch.Tensor blocks, int first)
    {
        int count = (int)blocks.shape[0];
        var x = StackedGrid.FromFlat(_windows.Scatter(blocks, first), _windows.Known);
        var grid = context is null ? null : StackedGrid.FromFlat(context, Context);
        if (grid is not null && grid.shape[0] != x.shape[0])
        {
            x = Repeat(x, grid.shape[0]);
            grid = Repeat(grid, x.shape[0]);
        }

        return _windows.Gather(StackedGrid.ToFlat(_network.Forward(x, grid, first, count), count), first);
    }

    /// <summary>The distribution of one block.</summary>
    /// <param name="block">l, from 0.</param>
    /// <param name="context">[B, context]; null where there is none.</param>
    public DataDistribution Bind(int block, torch.Tensor? context) =>
        new AutoregressiveDistribution(this, block, context, _partition.BlockSize(block));

    /// <summary>The distributions of a block's pixels, each given the pixels before it.</summary>
    /// <param name="block">l, from 0.</param>
    /// <param name="context">[B, context]; null where there is none.</param>
    /// <param name="x">The block, unpadded, [..., B, D].</param>
    public DataDistribution Given(int block, torch.Tensor? context, torch.Tensor x)
    {
        var parameters = Parameters(context?.unsqueeze(0), Padded(x, block), block);
        parameters = _family.WithoutPadding(parameters, _partition.BlockSize(block));
        return _family.Bind(parameters.reshape([.. x.shape[..^1], -1]));
    }

    /// <summary>
    /// Draws a block, pixel after pixel. Each step computes what the newest pixel changes, and nothing twice
    /// (<see cref="PixelSequence"/>).
    /// </summary>
    /// <param name="block">l, from 0.</param>
    /// <param name="context">[B, context]; null where there is none.</param>
    /// <param name="uniform">Uniform noise, [..., B, D].</param>
    public torch.Tensor Draw(int block, torch.Tensor? context, torch.Tensor uniform)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var padded = Padded(uniform, block);
        long rows = padded.shape[1];
        int channels = _windows.Shape.Channels;
        var numbers = _windows.ScatterValues(padded, block).view(rows, channels, -1);
        var known = _windows.Scatter(torch.zeros_like(padded), block).view(rows, _windows.Known.Channels, -1);
        var grid = context is null ? null : Repeat(StackedGrid.FromFlat(context.unsqueeze(0), Context), rows);
        var network = _network.Sequence(block, grid, known);
        var places = _windows.Places(block);
        var isOfBlock = places.ToHashSet();
        for (int place = 0; place <= places[^1]; place++)
        {
            using var step = torch.NewDisposeScope();
            var parameters = network.Next();
            if (isOfBlock.Contains(place))
            {
                var value = _family.Bind(parameters).FromUniform(numbers.select(2, place));
                known.narrow(1, 0, channels).select(2, place).copy_(value);
            }

            network.Give(known.select(2, place));
        }

        var drawn = _windows.Gather(known.narrow(1, 0, channels).reshape(1, rows, -1), block).squeeze(0);
        return drawn.narrow(1, 0, uniform.shape[^1]).reshape(uniform.shape).MoveToOuterDisposeScope();
    }

    /// <summary>Starts from independent pixels with these parameters, [L, P LargestBlock / C].</summary>
    public void InitializeOutput(torch.Tensor parameters) =>
        _network.Head.InitializeOutput(_windows.ScatterParameters(parameters, _partition.LargestBlock));

    private static torch.Tensor Repeat(torch.Tensor grid, long rows) =>
        rows <= grid.shape[0] ? grid : grid.repeat(rows / grid.shape[0], 1, 1, 1);

    /// <summary>[..., D] as padded blocks of one member, [1, rows, LargestBlock].</summary>
    private torch.Tensor Padded(torch.Tensor x, int block)
    {
        var rows = x.reshape(1, -1, _partition.BlockSize(block));
        int padding = _partition.LargestBlock - _partition.BlockSize(block);
        return padding == 0 ? rows : torch.nn.functional.pad(rows, [0, padding]);
    }
}

/// <summary>A block whose pixels each depend on those before them.</summary>
/// <param name="pixels">What makes them.</param>
/// <param name="block">Which block it is.</param>
/// <param name="context">What all of its pixels see, [B, context]; null for nothing.</param>
/// <param name="dimensions">D.</param>
internal sealed class AutoregressiveDistribution(
    AutoregressivePixels pixels, int block, torch.Tensor? context, int dimensions) : DataDistribution
{
    /// <summary>What stands for it: the draw of which each number is the middle one.</summary>
    public override torch.Tensor Mean
    {
        get
        {
            var like = context ?? pixels.parameters().First();
            return FromUniform(TensorArithmetic.Full(
                context is null ? [dimensions] : [context.shape[0], dimensions], 0.5, like.dtype, like.device));
        }
    }

    public override torch.Tensor LogProbPerPosition(torch.Tensor x) => Given(x).LogProbPerPosition(x);

    public override DataDistribution Given(torch.Tensor x) => pixels.Given(block, context, x);

    public override torch.Tensor Standardize(torch.Tensor x) => Given(x).Standardize(x);

    public override torch.Tensor FromUniform(torch.Tensor uniform) => pixels.Draw(block, context, uniform);
}
