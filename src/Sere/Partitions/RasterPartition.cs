using Sere.Networks;
using TorchSharp;

namespace Sere.Partitions;

/// <summary>
/// "Equally sized blocks except for the last one, from left to right in a raster fashion" (section 4.1.1): every block
/// has ceil(D / L) dimensions, and the last has the rest.
/// </summary>
public sealed class RasterPartition : Partition
{
    private readonly Lazy<BlockWindows?> _windows;

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
        _windows = new Lazy<BlockWindows?>(() => rowLength > 0 ? Bands(rowLength) : null);
    }

    /// <inheritdoc/>
    public override int Dimensions { get; }

    /// <inheritdoc/>
    public override int Blocks { get; }

    /// <inheritdoc/>
    public override int LargestBlock { get; }

    /// <summary>Bands of rows, the channels of an image one below the other; null without a row length.</summary>
    public override BlockWindows? Windows => _windows.Value;

    /// <inheritdoc/>
    public override int BlockSize(int index) => Math.Min(LargestBlock, Dimensions - (index * LargestBlock));

    /// <inheritdoc/>
    public override torch.Tensor Split(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        int padding = (Blocks * LargestBlock) - Dimensions;
        var padded = padding == 0 ? x : torch.nn.functional.pad(x, [0, padding]);
        return padded.view(x.shape[0], Blocks, LargestBlock).transpose(0, 1);
    }

    /// <inheritdoc/>
    public override torch.Tensor Block(torch.Tensor x, int index)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.narrow(1, index * LargestBlock, BlockSize(index));
    }

    /// <inheritdoc/>
    public override torch.Tensor Join(IReadOnlyList<torch.Tensor> blocks) => torch.cat([.. blocks], 1);

    private BlockWindows Bands(int rowLength)
    {
        int First(int block) => block * LargestBlock;
        int RowsOf(int block) => ((First(block) + BlockSize(block) - 1) / rowLength) - (First(block) / rowLength) + 1;
        int height = Enumerable.Range(0, Blocks).Max(RowsOf);
        int rows = Dimensions / rowLength;
        return new BlockWindows(
            new FeatureShape(1, height, rowLength),
            [
                .. Enumerable.Range(0, Blocks).Select(block =>
                {
                    // The band of a block at the end begins earlier, since the image has no rows below.
                    int start = Math.Min(First(block) / rowLength, rows - height) * rowLength;
                    return Enumerable.Range(First(block) - start, BlockSize(block)).ToArray();
                }),
            ],
            LargestBlock);
    }
}
