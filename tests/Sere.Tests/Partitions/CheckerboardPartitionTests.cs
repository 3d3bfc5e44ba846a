using CsCheck;
using Sere.Numerics;
using Sere.Partitions;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Partitions;

/// <summary>The blocks of a checkerboard, pixel by pixel.</summary>
/// <remarks>
/// Seen to fail with: patches of neighbouring pixels; the blocks in the order of (j, i); channels last.
/// </remarks>
public sealed class CheckerboardPartitionTests
{
    private static readonly Gen<(int Channels, int Rows, int Columns, int Stride)> Sizes =
        Gen.Select(Gen.Int[1, 3], Gen.Int[1, 5], Gen.Int[1, 5], Gen.Int[1, 4]);

    [Fact]
    public void Images_of_cifar10_are_16_blocks_of_8_by_8_pixels_in_3_channels()
    {
        var partition = new CheckerboardPartition(3, 32, 32, 4);
        Assert.Equal((3072, 16, 192, 4), (partition.Dimensions, partition.Blocks, partition.LargestBlock, partition.Stride));
        Assert.All(Enumerable.Range(0, 16), block => Assert.Equal(192, partition.BlockSize(block)));
    }

    [Fact]
    public void A_block_holds_every_stride_th_pixel_of_every_stride_th_row_channel_by_channel() => FixedSamples.Check(
        Sizes,
        size =>
        {
            using var scope = torch.NewDisposeScope();
            var (channels, rows, columns, stride) = size;
            var (height, width) = (rows * stride, columns * stride);
            var partition = new CheckerboardPartition(channels, height, width, stride);
            var x = TensorArithmetic.Indices(2 * channels * height * width, torch.ScalarType.Float64).view(2, -1);
            for (int i = 0; i < stride; i++)
            {
                for (int j = 0; j < stride; j++)
                {
                    double[] expected =
                    [
                        .. from image in Enumerable.Range(0, 2)
                           from channel in Enumerable.Range(0, channels)
                           from row in Enumerable.Range(0, rows)
                           from column in Enumerable.Range(0, columns)
                           select (double)((((((image * channels) + channel) * height) + i + (row * stride)) * width)
                               + j + (column * stride)),
                    ];
                    Assert.Equal(expected, partition.Block(x, (i * stride) + j).data<double>().ToArray());
                }
            }
        });

    [Fact]
    public void The_split_is_all_blocks_and_they_join_to_what_they_were_cut_from() => FixedSamples.Check(
        Sizes,
        size =>
        {
            using var scope = torch.NewDisposeScope();
            var (channels, rows, columns, stride) = size;
            var partition = new CheckerboardPartition(channels, rows * stride, columns * stride, stride);
            var x = TensorArithmetic.Indices(3 * partition.Dimensions, torch.ScalarType.Float64).view(3, -1);
            var blocks = Enumerable.Range(0, partition.Blocks).Select(block => partition.Block(x, block)).ToArray();
            TensorAssert.Close(torch.stack(blocks), partition.Split(x), 0, "split");
            TensorAssert.Close(x, partition.Join(blocks), 0, "joined");
            Assert.True(partition.Mask(torch.ScalarType.Float64).IsEqualTo(1).all().item<bool>());
        });

    [Theory]
    [InlineData(30, 32, 4, 2)]
    [InlineData(28, 28, 8, 7)]
    [InlineData(5, 7, 3, 1)]
    [InlineData(2, 2, 4, 2)]
    public void A_stride_that_does_not_divide_both_sides_is_refused_with_one_that_does(
        int height, int width, int stride, int possible)
    {
        string message = Assert.Throws<UsageException>(() => new CheckerboardPartition(3, height, width, stride)).Message;
        Assert.StartsWith(
            $"Images of {height} x {width} pixels cannot be cut into a checkerboard of stride {stride}", message,
            StringComparison.Ordinal);
        Assert.Contains($"stride to {possible} and model.layers to {possible * possible}", message);
        Assert.Equal(possible * possible, new CheckerboardPartition(3, height, width, possible).Blocks);
    }
}
