using System.Globalization;
using System.Text.RegularExpressions;
using CsCheck;
using Sere.Numerics;
using Sere.Partitions;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Partitions;

public sealed partial class RasterPartitionTests
{
    // D dimensions in blocks of any size but one that leaves nothing for the last.
    private static readonly Gen<RasterPartition> Partitions =
        Gen.Select(Gen.Int[1, 200], Gen.Int[1, 60]).Select((dimensions, size) =>
            new RasterPartition(dimensions, (dimensions + size - 1) / size));

    [Fact]
    public void The_784_pixels_of_a_digit_are_nine_blocks_of_79_and_one_of_73()
    {
        var partition = new RasterPartition(784, 10);
        Assert.Equal([79, 79, 79, 79, 79, 79, 79, 79, 79, 73], Enumerable.Range(0, 10).Select(partition.BlockSize));
        Assert.Equal((784, 10, 79), (partition.Dimensions, partition.Blocks, partition.LargestBlock));
    }

    [Fact]
    public void Exactly_the_cuts_with_equal_blocks_and_a_rest_for_the_last_are_accepted()
    {
        for (int dimensions = 1; dimensions <= 40; dimensions++)
        {
            for (int blocks = 1; blocks <= 45; blocks++)
            {
                AssertAcceptedExactlyWhenPossible(dimensions, blocks);
            }
        }
    }

    [Fact]
    public void Large_and_absurd_numbers_are_accepted_or_refused_alike() => FixedSamples.Check(
        Gen.Select(
            Gen.OneOf(Gen.Int[1, 5000], Gen.Int[1, int.MaxValue]),
            Gen.OneOf(Gen.Int[1, 5000], Gen.Int, Gen.Int[int.MaxValue - 1000, int.MaxValue])),
        cut => AssertAcceptedExactlyWhenPossible(cut.Item1, cut.Item2));

    [Theory]
    [InlineData(9, 4, 3)]
    [InlineData(784, 785, 784)]
    [InlineData(784, 0, 784)]
    [InlineData(784, -3, 784)]
    [InlineData(784, int.MaxValue, 784)]
    public void A_refusal_names_the_cut_and_one_that_is_possible(int dimensions, int blocks, int possible)
    {
        var error = Assert.Throws<UsageException>(() => new RasterPartition(dimensions, blocks));
        Assert.Contains($"{dimensions} dimensions", error.Message, StringComparison.Ordinal);
        Assert.Contains($"into {blocks} raster blocks", error.Message, StringComparison.Ordinal);
        Assert.Contains($"model.layers to {possible},", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_blocks_but_the_last_are_of_one_size_and_together_they_are_everything() => FixedSamples.Check(
        Partitions,
        partition =>
        {
            int[] sizes = [.. Enumerable.Range(0, partition.Blocks).Select(partition.BlockSize)];
            Assert.All(sizes[..^1], size => Assert.Equal(partition.LargestBlock, size));
            Assert.InRange(sizes[^1], 1, partition.LargestBlock);
            Assert.Equal(partition.Dimensions, sizes.Sum());
        });

    [Fact]
    public void Blocks_are_the_dimensions_in_order_and_join_to_what_they_were_cut_from() => FixedSamples.Check(
        Partitions,
        partition =>
        {
            using var scope = torch.NewDisposeScope();
            var x = Numbered(partition);
            var blocks = Enumerable.Range(0, partition.Blocks).Select(block => partition.Block(x, block)).ToArray();
            long start = 0;
            for (int block = 0; block < blocks.Length; block++)
            {
                int size = partition.BlockSize(block);
                TensorAssert.Close(x.narrow(1, start, size), blocks[block], 0, $"block {block}");
                start += size;
            }

            TensorAssert.Close(x, partition.Join(blocks), 0, "joined");
        });

    [Fact]
    public void The_split_holds_each_block_and_zeros_where_the_mask_is_zero() => FixedSamples.Check(
        Partitions,
        partition =>
        {
            using var scope = torch.NewDisposeScope();
            var x = Numbered(partition);
            var split = partition.Split(x);
            var mask = partition.Mask(torch.ScalarType.Float64);
            TensorAssert.Shape([partition.Blocks, 2, partition.LargestBlock], split, "split");
            TensorAssert.Shape([partition.Blocks, 1, partition.LargestBlock], mask, "mask");

            // No number of x is zero: the mask is where the split is not.
            TensorAssert.Close(
                split.IsNotEqualTo(0).to_type(torch.ScalarType.Float64), mask.expand_as(split), 0, "mask");
            for (int block = 0; block < partition.Blocks; block++)
            {
                TensorAssert.Close(
                    partition.Block(x, block), split[block].narrow(-1, 0, partition.BlockSize(block)), 0, $"block {block}");
            }
        });

    [Fact]
    public void The_split_passes_gradients_to_every_dimension()
    {
        using var scope = torch.NewDisposeScope();
        var x = Float64.Leaf(Float64.Normal(1, 2, 11));
        new RasterPartition(11, 4).Split(x).sum().backward();
        TensorAssert.Close(torch.ones_like(x), x.grad!, 0, "gradient");
    }

    [GeneratedRegex("model.layers to ([0-9]+),", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Suggestion();

    /// <summary>1, 2, 3, ... in two rows.</summary>
    private static torch.Tensor Numbered(RasterPartition partition) =>
        TensorArithmetic.Indices(2 * partition.Dimensions, torch.ScalarType.Float64).Plus(1)
            .view(2, partition.Dimensions);

    private static void AssertAcceptedExactlyWhenPossible(long dimensions, int blocks)
    {
        // Some size s with L - 1 whole blocks and a rest of 1 to s: D/L <= s < D/(L-1), or s <= (D-1)/(L-1).
        bool possible = blocks == 1
            || (blocks > 1 && (dimensions - 1) / (blocks - 1) >= (dimensions + blocks - 1) / blocks);
        if (possible)
        {
            var partition = new RasterPartition((int)dimensions, blocks);
            Assert.Equal(blocks, partition.Blocks);
            Assert.InRange(partition.BlockSize(blocks - 1), 1, partition.LargestBlock);
            return;
        }

        var error = Assert.Throws<UsageException>(() => new RasterPartition((int)dimensions, blocks));
        int suggestion = int.Parse(Suggestion().Match(error.Message).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.Equal(suggestion, new RasterPartition((int)dimensions, suggestion).Blocks);
    }
}
