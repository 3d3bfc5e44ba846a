using System.Text.Json.Serialization;
using Sere.Networks;
using TorchSharp;

namespace Sere.Partitions;

/// <summary>
/// How the D dimensions of x are cut into L blocks x_1..x_L. Stacked computation pads every block to the size of the
/// largest; the padding holds zeros and is masked out of the likelihood.
/// </summary>
internal abstract class Partition
{
    /// <summary>Dimensions of x, D.</summary>
    public abstract int Dimensions { get; }

    /// <summary>Number of blocks, L.</summary>
    public abstract int Blocks { get; }

    /// <summary>Size of the largest block.</summary>
    public abstract int LargestBlock { get; }

    /// <summary>Size of block <paramref name="index"/>, counted from 0.</summary>
    public abstract int BlockSize(int index);

    /// <summary>Cuts x [B, D] into padded blocks [L, B, LargestBlock].</summary>
    public abstract torch.Tensor Split(torch.Tensor x);

    /// <summary>Block <paramref name="index"/> of x [B, D], without padding: [B, BlockSize(index)].</summary>
    public abstract torch.Tensor Block(torch.Tensor x, int index);

    /// <summary>Puts unpadded blocks, each [B, BlockSize(l)], together to x [B, D]: the inverse of the cuts.</summary>
    public abstract torch.Tensor Join(IReadOnlyList<torch.Tensor> blocks);

    /// <summary>The windows of the image that cover the blocks; null where the dimensions are no image.</summary>
    /// <param name="type">The type of what is put into them.</param>
    /// <param name="device">Where that is; null for the CPU.</param>
    public virtual BlockWindows? Windows(torch.ScalarType type, torch.Device? device = null) => null;

    /// <summary>1 where a padded block holds a dimension of x and 0 in the padding: [L, 1, LargestBlock].</summary>
    public torch.Tensor Mask(torch.ScalarType type, torch.Device? device = null)
    {
        using var scope = torch.NewDisposeScope();
        var mask = torch.zeros([Blocks, 1, LargestBlock], type, device);
        for (int block = 0; block < Blocks; block++)
        {
            mask[block, 0, torch.TensorIndex.Slice(0, BlockSize(block))] = 1;
        }

        return mask.MoveToOuterDisposeScope();
    }
}

/// <summary>
/// "Equally sized blocks except for the last one, from left to right in a raster fashion" (section 4.1.1): every block
/// has ceil(D / L) dimensions, and the last has the rest.
/// </summary>
internal sealed class RasterPartition : Partition
{
    private readonly int _rowLength;

    /// <summary>Cuts D dimensions into L blocks.</summary>
    /// <param name="dimensions">Dimensions of x, D.</param>
    /// <param name="blocks">Number of blocks, L.</param>
    /// <param name="rowLength">Pixels of a row of the image; 0 where the dimensions are no image.</param>
    /// <exception cref="UsageException">No such cut leaves the last block a dimension of its own.</exception>
    public RasterPartition(int dimensions, int blocks, int rowLength = 0)
    {
        long size = blocks < 1 ? 0 : ((long)dimensions + blocks - 1) / blocks;
        if (blocks < 1 || dimensions - ((blocks - 1) * size) < 1)
        {
            long possible = size < 1 ? Math.Max(1, dimensions) : (dimensions + size - 1) / size;
            throw new UsageException(
                $"{dimensions} dimensions cannot be cut into {blocks} raster blocks of equal size with a last one that is "
                + $"not empty; set model.layers to {possible}, for instance.");
        }

        Dimensions = dimensions;
        Blocks = blocks;
        LargestBlock = (int)size;
        _rowLength = rowLength;
    }

    public override int Dimensions { get; }

    public override int Blocks { get; }

    public override int LargestBlock { get; }

    public override int BlockSize(int index) => Math.Min(LargestBlock, Dimensions - (index * LargestBlock));

    public override torch.Tensor Split(torch.Tensor x)
    {
        int padding = (Blocks * LargestBlock) - Dimensions;
        var padded = padding == 0 ? x : torch.nn.functional.pad(x, [0, padding]);
        return padded.view(x.shape[0], Blocks, LargestBlock).transpose(0, 1);
    }

    public override torch.Tensor Block(torch.Tensor x, int index)
    {
        return x.narrow(1, index * LargestBlock, BlockSize(index));
    }

    public override torch.Tensor Join(IReadOnlyList<torch.Tensor> blocks) => torch.cat([.. blocks], 1);

    /// <summary>Bands of rows, the channels of an image one below the other; null without a row length.</summary>
    public override BlockWindows? Windows(torch.ScalarType type, torch.Device? device = null)
    {
        if (_rowLength == 0)
        {
            return null;
        }

        int First(int block) => block * LargestBlock;
        int RowsOf(int block) => ((First(block) + BlockSize(block) - 1) / _rowLength) - (First(block) / _rowLength) + 1;
        int height = Enumerable.Range(0, Blocks).Max(RowsOf);
        int rows = Dimensions / _rowLength;

        // The band of a block at the end begins earlier, since the image has no rows below.
        int[] Positions(int block)
        {
            int start = Math.Min(First(block) / _rowLength, rows - height) * _rowLength;
            return [.. Enumerable.Range(First(block) - start, BlockSize(block))];
        }

        return new BlockWindows(
            new FeatureShape(1, height, _rowLength),
            [.. Enumerable.Range(0, Blocks).Select(Positions)],
            LargestBlock,
            type,
            device);
    }
}

/// <summary>The whole of x as one block.</summary>
/// <param name="shape">What x stands for.</param>
internal sealed class WholePartition(FeatureShape shape) : Partition
{
    public override int Dimensions => shape.Size;

    public override int Blocks => 1;

    public override int LargestBlock => shape.Size;

    public override int BlockSize(int index) => shape.Size;

    public override torch.Tensor Split(torch.Tensor x) => x.unsqueeze(0);

    public override torch.Tensor Block(torch.Tensor x, int index) => x.alias();

    public override torch.Tensor Join(IReadOnlyList<torch.Tensor> blocks) => blocks[0].alias();

    /// <summary>The image is its own window.</summary>
    public override BlockWindows? Windows(torch.ScalarType type, torch.Device? device = null) => shape.IsVector
        ? null
        : new BlockWindows(shape, [[.. Enumerable.Range(0, shape.Size)]], shape.Size, type, device);
}

/// <summary>
/// A spatial checkerboard (section 4.2.1): with stride s, block (i, j) holds the pixels x[:, i::s, j::s] of all channels, i
/// and j from 0 to s - 1, and the blocks come in raster order of (i, j). The values of a block are channel by channel, row
/// by row: [C, H/s, W/s], flat. Each block is the whole image at a lower resolution, and all have the same size.
/// </summary>
internal sealed class CheckerboardPartition : Partition
{
    private readonly int _channels;
    private readonly int _rows;
    private readonly int _columns;

    /// <summary>Cuts images of C x H x W into s * s blocks.</summary>
    /// <param name="channels">C.</param>
    /// <param name="height">H, a multiple of the stride.</param>
    /// <param name="width">W, a multiple of the stride.</param>
    /// <param name="stride">s, at least 1.</param>
    /// <exception cref="UsageException">Height or width is no multiple of the stride.</exception>
    public CheckerboardPartition(int channels, int height, int width, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, 1);
        if (height % stride != 0 || width % stride != 0)
        {
            int possible = Enumerable.Range(1, stride - 1).Last(s => height % s == 0 && width % s == 0);
            throw new UsageException(
                $"Images of {height} x {width} pixels cannot be cut into a checkerboard of stride {stride}, which has to divide "
                + $"both; set model.partition.stride to {possible} and model.layers to {possible * possible}, or "
                + "dataset.resize to a size that it divides.");
        }

        _channels = channels;
        _rows = height / stride;
        _columns = width / stride;
        Stride = stride;
    }

    /// <summary>s: rows and columns of pixels from one pixel of a block to the next, and of the grid of blocks.</summary>
    public int Stride { get; }

    public override int Dimensions => Blocks * LargestBlock;

    public override int Blocks => Stride * Stride;

    public override int LargestBlock => _channels * _rows * _columns;

    public override int BlockSize(int index) => LargestBlock;

    public override torch.Tensor Split(torch.Tensor x)
    {
        return Grid(x).permute(3, 5, 0, 1, 2, 4).reshape(Blocks, x.shape[0], LargestBlock);
    }

    public override torch.Tensor Block(torch.Tensor x, int index)
    {
        return Grid(x).select(5, index % Stride).select(3, index / Stride).reshape(x.shape[0], LargestBlock);
    }

    public override torch.Tensor Join(IReadOnlyList<torch.Tensor> blocks)
    {
        return torch.stack([.. blocks])
            .view(Stride, Stride, blocks[0].shape[0], _channels, _rows, _columns)
            .permute(2, 3, 4, 0, 5, 1)
            .reshape(blocks[0].shape[0], Dimensions);
    }

    /// <summary>Each block is a grid of its own, and its window is the block.</summary>
    public override BlockWindows Windows(torch.ScalarType type, torch.Device? device = null)
    {
        var shape = new FeatureShape(_channels, _rows, _columns);
        int[] every = [.. Enumerable.Range(0, shape.Size)];
        return new BlockWindows(shape, [.. Enumerable.Repeat(every, Blocks)], shape.Size, type, device);
    }

    /// <summary>[B, C, H/s, s, W/s, s].</summary>
    private torch.Tensor Grid(torch.Tensor x) => x.reshape(x.shape[0], _channels, _rows, Stride, _columns, Stride);
}

/// <summary>How the image is cut into one block a layer.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindMember)]
[JsonDerivedType(typeof(Raster), "raster")]
[JsonDerivedType(typeof(Checkerboard), "checkerboard")]
[JsonDerivedType(typeof(Whole), "whole")]
public abstract record PartitionChoice : Choice
{
    /// <summary>Whether every block holds whole pixels, also of colour images.</summary>
    internal virtual bool KeepsPixels => true;

    /// <summary>Whether the image stays in one block, which several codes are seen by at once.</summary>
    internal virtual bool IsWhole => false;

    /// <summary>
    /// How many layers a block sees where it is the whole image, counted from the last; null for all.
    /// </summary>
    internal virtual int? LayersSeen => null;

    /// <summary>Which earlier layers a layer is conditioned on.</summary>
    internal virtual CouplingGraph BuildGraph(int layers) => CouplingGraph.Chain(layers);

    /// <summary>Refuses a number of layers that there are not as many blocks for.</summary>
    internal virtual void RequireLayers(int layers, string path)
    {
    }

    /// <summary>The cut into so many blocks.</summary>
    /// <param name="layers">L.</param>
    /// <param name="image">What x stands for.</param>
    /// <exception cref="UsageException">The image cannot be cut so.</exception>
    internal abstract Partition Build(int layers, FeatureShape image);
}

/// <summary>
/// Blocks of equal size in raster order, from the left and from the top; the last one may be shorter. JSON kind
/// "raster".
/// </summary>
public sealed record Raster : PartitionChoice
{
    internal override bool KeepsPixels => false;

    internal override Partition Build(int layers, FeatureShape image) =>
        new RasterPartition(image.Size, layers, image.IsVector ? 0 : image.Width);
}

/// <summary>
/// One block for each place of a checkerboard: every s-th pixel of every s-th row, of all channels. JSON kind
/// "checkerboard".
/// </summary>
public sealed record Checkerboard : PartitionChoice
{
    /// <summary>s, which divides height and width; there are s^2 layers.</summary>
    [In("[1, 100]")] public int Stride { get; init; } = 4;

    /// <summary>What a layer is conditioned on: the one before it, or those left of it and above it.</summary>
    public CheckerboardGraph Graph { get; init; } = CheckerboardGraph.Chain;

    internal override CouplingGraph BuildGraph(int layers) => Graph == CheckerboardGraph.Grid
        ? CouplingGraph.Grid(Stride, Stride)
        : base.BuildGraph(layers);

    internal override void RequireLayers(int layers, string path) => Require(
        layers == Stride * Stride, path, layers, $"{Stride * Stride}, the blocks of a checkerboard of stride {Stride}");

    internal override Partition Build(int layers, FeatureShape image) =>
        new CheckerboardPartition(image.Channels, image.Height, image.Width, Stride);
}

/// <summary>The whole image as one block, on several codes at once. JSON kind "whole".</summary>
public sealed record Whole : PartitionChoice
{
    /// <summary>The codes that the image sees.</summary>
    public CodesSeen Codes { get; init; } = CodesSeen.All;

    internal override bool IsWhole => true;

    internal override int? LayersSeen => Codes switch
    {
        CodesSeen.Last => 1,
        CodesSeen.All => null,
    };

    internal override Partition Build(int layers, FeatureShape image) => new WholePartition(image);
}

/// <summary>Which blocks of a checkerboard a block is conditioned on.</summary>
public enum CheckerboardGraph
{
    /// <summary>The block before it, in raster order. Proposition 2 holds for this graph alone.</summary>
    Chain,

    /// <summary>The blocks left of it and above it.</summary>
    Grid,
}

/// <summary>Which codes the distribution of the whole image sees.</summary>
public enum CodesSeen
{
    /// <summary>Those of all layers.</summary>
    All,

    /// <summary>That of the last layer, which alone carries what the others say.</summary>
    Last,
}
