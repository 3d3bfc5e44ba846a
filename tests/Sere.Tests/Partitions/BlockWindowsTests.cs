using Sere.Networks;
using Sere.Numerics;
using Sere.Partitions;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Partitions;

/// <summary>Windows of the image around blocks that are no rectangles.</summary>
/// <remarks>Seen to fail with: a last band that begins a row too early.</remarks>
public sealed class BlockWindowsTests
{
    private const int Rows = 5;
    private const int Columns = 3;

    [Fact]
    public void A_band_of_a_raster_block_holds_its_pixels_in_their_places_and_zeros_elsewhere()
    {
        using var scope = torch.NewDisposeScope();
        var partition = new RasterPartition(Rows * Columns, 4, Columns);
        var windows = partition.Windows(torch.ScalarType.Float64)!;
        Assert.Equal(new FeatureShape(1, 2, Columns), windows.Shape);
        var x = TensorArithmetic.Indices(Rows * Columns, torch.ScalarType.Float64).Plus(1).unsqueeze(0);
        var known = windows.Scatter(partition.Split(x), 0);
        double[][] expected =
        [
            [1, 2, 3, 4, 0, 0], [0, 5, 6, 7, 8, 0], [0, 0, 9, 10, 11, 12], [0, 0, 0, 13, 14, 15],
        ];
        for (int block = 0; block < partition.Blocks; block++)
        {
            double[] values = known[block, 0].data<double>().ToArray();
            Assert.Equal(expected[block], values[..6]);
            Assert.Equal(expected[block].Select(value => value > 0 ? 1.0 : 0), values[6..]);
        }
    }

    [Fact]
    public void What_is_gathered_from_windows_is_what_was_scattered_into_them()
    {
        using var scope = torch.NewDisposeScope();
        var partition = new RasterPartition(Rows * Columns, 4, Columns);
        var mask = partition.Mask(torch.ScalarType.Float64);
        var parameters = Float64.Normal(320, 4, 2, partition.LargestBlock) * mask;
        var scattered = partition.Windows(torch.ScalarType.Float64)!.ScatterParameters(parameters.view(4, -1), partition.LargestBlock);
        var gathered = partition.Windows(torch.ScalarType.Float64)!.Gather(scattered.unsqueeze(1), 0).view(4, 2, -1) * mask;
        TensorAssert.Close(parameters, gathered, 0, "parameters");
    }

    [Fact]
    public void Dimensions_that_are_no_image_have_no_windows() =>
        Assert.Null(new RasterPartition(Rows * Columns, 4).Windows(torch.ScalarType.Float32));
}
