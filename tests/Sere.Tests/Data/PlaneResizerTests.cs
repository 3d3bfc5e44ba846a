using Sere.Data;
using Xunit;

namespace Sere.Tests.Data;

public sealed class PlaneResizerTests
{
    [Fact]
    public void The_same_size_gives_the_same_image()
    {
        byte[] planes = IdxFile.Counting(3 * 4 * 5);
        Assert.Equal(planes, PlaneResizer.Resize(planes, new ImageShape(3, 4, 5), 4, 5));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 8)]
    [InlineData(20, 2)]
    public void An_even_image_stays_even(int height, int width)
    {
        byte[] planes = new byte[6 * 7];
        Array.Fill(planes, (byte)255);
        Assert.All(
            PlaneResizer.Resize(planes, new ImageShape(1, 6, 7), height, width), value => Assert.Equal(255, value));
    }

    [Fact]
    public void Every_pixel_counts_when_an_image_shrinks()
    {
        // A single bright pixel in each quarter, wherever it lies, leaves its trace in the small image.
        for (int place = 0; place < 64; place++)
        {
            byte[] planes = new byte[64];
            planes[place] = 255;
            Assert.InRange(PlaneResizer.Resize(planes, new ImageShape(1, 8, 8), 2, 2).Sum(value => value), 8, 40);
        }
    }

    [Fact]
    public void Values_between_two_pixels_are_interpolated() =>
        Assert.Equal([0, 25, 75, 100], PlaneResizer.Resize([0, 100], new ImageShape(1, 1, 2), 1, 4));

    [Fact]
    public void Planes_and_directions_are_kept_apart()
    {
        byte[] planes = [10, 10, 10, 10, 0, 0, 200, 200];
        byte[] resized = PlaneResizer.Resize(planes, new ImageShape(2, 2, 2), 2, 1);
        Assert.Equal([10, 10, 0, 200], resized);
    }
}
