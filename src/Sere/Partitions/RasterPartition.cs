using TorchSharp;

namespace Sere.Partitions;

/// <summary>
/// "Equally sized blocks except for the last one, from left to right in a raster fashion" (section 4.1.1): every block
/// has ceil(D / L) dimensions, and the last has the rest.
/// </summary>
public sealed class RasterPartition : Partition
{
    /// <summary>Cuts D dimensions into L blocks.</summary>
    /// <exception cref="UsageException">No such cut leaves the last block a dimension of its own.</exception>
    public RasterPartition(int dimensions, int blocks)
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
    }

    /// <inheritdoc/>
    public override int Dimensions { get; }

    /// <inheritdoc/>
    public override int Blocks { get; }

    /// <inheritdoc/>
    public override int LargestBlock { get; }

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
}
