using Sere.Partitions;
using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>Four pixels in blocks of 2, 1 and 1: the first block is full, the others are padded.</summary>
internal sealed class TinyPartition : Partition
{
    private static readonly int[] Sizes = [2, 1, 1];

    public override int Dimensions => Sizes.Sum();

    public override int Blocks => Sizes.Length;

    public override int LargestBlock => Sizes.Max();

    public override int BlockSize(int index) => Sizes[index];

    public override torch.Tensor Split(torch.Tensor x) => torch.stack(
    [
        .. Enumerable.Range(0, Blocks).Select(block =>
            torch.nn.functional.pad(Block(x, block), [0, LargestBlock - Sizes[block]])),
    ]);

    public override torch.Tensor Block(torch.Tensor x, int index) => x.narrow(1, Sizes.Take(index).Sum(), Sizes[index]);

    public override torch.Tensor Join(IReadOnlyList<torch.Tensor> blocks) => torch.cat([.. blocks], 1);
}
