using TorchSharp;

namespace Sere.Partitions;

/// <summary>
/// How the D dimensions of x are cut into L blocks x_1..x_L. Stacked computation pads every block to the size of the
/// largest; the padding holds zeros and is masked out of the likelihood.
/// </summary>
public abstract class Partition
{
    /// <summary>Dimensions of x, D.</summary>
    public abstract int Dimensions { get; }

    /// <summary>Number of blocks, L.</summary>
    public abstract int Blocks { get; }

    /// <summary>Size of the largest block.</summary>
    public abstract int LargestBlock { get; }

    /// <summary>The windows of the image that cover the blocks; null where the dimensions are no image.</summary>
    public virtual BlockWindows? Windows => null;

    /// <summary>Size of block <paramref name="index"/>, counted from 0.</summary>
    public abstract int BlockSize(int index);

    /// <summary>Cuts x [B, D] into padded blocks [L, B, LargestBlock].</summary>
    public abstract torch.Tensor Split(torch.Tensor x);

    /// <summary>Block <paramref name="index"/> of x [B, D], without padding: [B, BlockSize(index)].</summary>
    public abstract torch.Tensor Block(torch.Tensor x, int index);

    /// <summary>Puts unpadded blocks, each [B, BlockSize(l)], together to x [B, D]: the inverse of the cuts.</summary>
    public abstract torch.Tensor Join(IReadOnlyList<torch.Tensor> blocks);

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
