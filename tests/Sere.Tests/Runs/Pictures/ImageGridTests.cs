using Sere.Runs.Pictures;
using Xunit;

namespace Sere.Tests.Runs.Pictures;

public sealed class ImageGridTests : FolderTests
{
    private string FilePath => _folder.File("samples.png");

    [Fact]
    public void Grey_images_come_back_pixel_by_pixel_in_reading_order()
    {
        // Five images of 2 x 3 in rows of two; the value tells image and place.
        float[] values = [.. Enumerable.Range(0, 5 * 2 * 3).Select(i => i * 8 / 255f)];
        ImageGrid.Write(FilePath, new ImageBatch(values, 5, 1, 2, 3), columns: 2, scale: 3, gap: 2);

        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((2 + (2 * (9 + 2)), 2 + (3 * (6 + 2))), picture.Size);
        for (int y = 0; y < picture.Size.Height; y++)
        {
            for (int x = 0; x < picture.Size.Width; x++)
            {
                int image = (((y - 2) / 8) * 2) + ((x - 2) / 11);
                bool isInside = x >= 2 && y >= 2 && (x - 2) % 11 < 9 && (y - 2) % 8 < 6 && image < 5;
                if (isInside)
                {
                    int expected = ((image * 6) + ((y - 2) % 8 / 3 * 3) + ((x - 2) % 11 / 3)) * 8;
                    Assert.Equal((expected, expected, expected), picture.At(x, y));
                }
            }
        }

        Assert.Equal((0x6B, 0x72, 0x80), picture.At(0, 0));
        Assert.Equal((0x6B, 0x72, 0x80), picture.At(11, 4));
        Assert.Equal((255, 255, 255), picture.At(20, 22));
    }

    [Fact]
    public void Colour_images_keep_their_planes_apart()
    {
        float[] values = [1, 0, 0, 0.5f, 0.25f, 1];
        ImageGrid.Write(FilePath, new ImageBatch(values, 1, 3, 1, 2), columns: 1, scale: 1, gap: 0);
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((2, 1), picture.Size);
        Assert.Equal((255, 0, 64), picture.At(0, 0));
        Assert.Equal((0, 128, 255), picture.At(1, 0));
    }

    [Fact]
    public void Values_outside_the_range_are_clamped()
    {
        float[] values = [-3, 7, float.NaN, float.PositiveInfinity];
        ImageGrid.Write(FilePath, new ImageBatch(values, 4, 1, 1, 1), columns: 4, scale: 1, gap: 0);
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal([0, 255, 0, 255], Enumerable.Range(0, 4).Select(x => picture.At(x, 0).Red));
    }

    [Fact]
    public void Fewer_images_than_columns_leave_no_empty_columns()
    {
        ImageGrid.Write(FilePath, new ImageBatch(new float[3], 3, 1, 1, 1), columns: 10, scale: 1, gap: 1);
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((7, 3), picture.Size);
    }

    [Fact]
    public void A_picture_beyond_all_bounds_is_refused_before_it_is_made()
    {
        var images = new ImageBatch(new float[1], 1, 1, 1, 1);
        var error = Assert.Throws<UsageException>(() => ImageGrid.Write(FilePath, images, 1, scale: 1_000_000));
        Assert.Contains("fewer images or a smaller scale", error.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.FileNames());
    }

    [Fact]
    public void The_older_picture_is_replaced_and_a_missing_folder_is_named()
    {
        var images = new ImageBatch(new float[1], 1, 1, 1, 1);
        File.WriteAllText(FilePath, "older");
        ImageGrid.Write(FilePath, images, 1);
        Assert.Equal(["samples.png"], _folder.FileNames());
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((4, 4), picture.Size);

        string missing = _folder.File("missing/samples.png");
        var error = Assert.Throws<SereException>(() => ImageGrid.Write(missing, images, 1));
        Assert.Contains($"'{missing}'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1, 2, 2)]
    [InlineData(1, 2, 2, 2)]
    [InlineData(2, 1, 2, 2)]
    [InlineData(int.MaxValue, 3, int.MaxValue, int.MaxValue)]
    public void Sizes_that_do_not_fit_the_values_are_refused(int count, int channels, int height, int width) =>
        Assert.ThrowsAny<ArgumentException>(() => new ImageBatch(new float[4], count, channels, height, width));

    [Fact]
    public void Each_original_stands_right_above_its_reconstruction()
    {
        // Three images of 4 x 4 in rows of two: the originals even, the reconstructions odd.
        ImageGrid.WritePairs(FilePath, Flat(10, 20, 30), Flat(11, 21, 31), columns: 2, scale: 1);
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal(8 + 1 + 5 + 5 + 10 + 1 + 5 + 5 + 8, picture.Size.Height);
        int left = picture.Size.Width - (1 + 5 + 5 + 8);
        int Level(int x, int y) => picture.At(left + x, y).Red;
        Assert.Equal([10, 20, 11, 21], [Level(1, 9), Level(6, 9), Level(1, 14), Level(6, 14)]);
        Assert.Equal([30, 31, 255, 255], [Level(1, 30), Level(1, 35), Level(1, 24), Level(6, 30)]);
    }

    [Fact]
    public void The_captions_stand_left_of_their_rows()
    {
        var images = new ImageBatch(Enumerable.Repeat(1f, 2 * 28 * 28).ToArray(), 2, 1, 28, 28);
        ImageGrid.WritePairs(FilePath, images, images, columns: 1);
        using var picture = new DecodedPicture(FilePath);
        int left = picture.Size.Width - 8 - 58;
        Assert.All([9, 66, 134, 191], row => Assert.InRange(picture.CountInk(0, row, left, row + 56), 40, 1000));
        Assert.Equal(0, picture.CountInk(0, 123, left, 133));
    }

    [Fact]
    public void Pairs_that_do_not_match_are_refused()
    {
        Assert.Throws<ArgumentException>(() => ImageGrid.WritePairs(FilePath, Flat(1, 2), Flat(1), 1));
        Assert.Throws<ArgumentException>(
            () => ImageGrid.WritePairs(FilePath, Flat(1), new ImageBatch(new float[1], 1, 1, 1, 1), 1));
        Assert.Empty(_folder.FileNames());
    }

    private static ImageBatch Flat(params int[] levels) => new(
        levels.SelectMany(level => Enumerable.Repeat(level / 255f, 16)).ToArray(), levels.Length, channels: 1, height: 4, width: 4);
}
