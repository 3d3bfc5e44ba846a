using TorchSharp;

namespace Sere.Partitions;

/// <summary>
/// A spatial checkerboard (section 4.2.1): with stride s, block (i, j) holds the pixels x[:, i::s, j::s] of all channels, i
/// and j from 0 to s - 1, and the blocks come in raster order of (i, j). The values of a block are channel by channel, row
/// by row: [C, H/s, W/s], flat. Each block is the whole image at a lower resolution, and all have the same size.
/// </summary>
public sealed class CheckerboardPartition : Partition
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

    /// <inheritdoc/>
    public override int Dimensions => Blocks * LargestBlock;

    /// <inheritdoc/>
    public override int Blocks => Stride * Stride;

    /// <inheritdoc/>
    public override int LargestBlock => _channels * _rows * _columns;

    /// <inheritdoc/>
    public override int BlockSize(int index) => LargestBlock;

    /// <inheritdoc/>
    public override torch.Tensor Split(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Grid(x).permute(3, 5, 0, 1, 2, 4).reshape(Blocks, x.shape[0], LargestBlock);
    }

    /// <inheritdoc/>
    public override torch.Tensor Block(torch.Tensor x, int index)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Grid(x).select(5, index % Stride).select(3, index / Stride).reshape(x.shape[0], LargestBlock);
    }

    /// <inheritdoc/>
    public override torch.Tensor Join(IReadOnlyList<torch.Tensor> blocks)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        return torch.stack([.. blocks])
            .view(Stride, Stride, blocks[0].shape[0], _channels, _rows, _columns)
            .permute(2, 3, 4, 0, 5, 1)
            .reshape(blocks[0].shape[0], Dimensions);
    }

    /// <summary>[B, C, H/s, s, W/s, s].</summary>
    private torch.Tensor Grid(torch.Tensor x) => x.reshape(x.shape[0], _channels, _rows, Stride, _columns, Stride);
}
