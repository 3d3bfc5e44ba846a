using Sere.Runs.Pictures;
using Xunit;

namespace Sere.Tests.Runs.Pictures;

public sealed class ReconstructionGridTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.File("reconstructions.png");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Each_original_stands_right_above_its_reconstruction()
    {
        // Three images of 4 x 4 in rows of two: the originals even, the reconstructions odd.
        ReconstructionGrid.Write(
            FilePath, Flat(10, 20, 30), Flat(11, 21, 31), columns: 2, scale: 1, gap: 1, string.Empty, string.Empty);
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((8 + 1 + 5 + 5 + 8, 8 + 1 + 5 + 5 + 10 + 1 + 5 + 5 + 8), picture.Size);
        Assert.Equal(10, picture.At(9, 9).Red);
        Assert.Equal(20, picture.At(14, 9).Red);
        Assert.Equal(11, picture.At(9, 14).Red);
        Assert.Equal(21, picture.At(14, 14).Red);
        Assert.Equal(30, picture.At(9, 30).Red);
        Assert.Equal(31, picture.At(9, 35).Red);
        Assert.Equal((255, 255, 255), picture.At(9, 24));
        Assert.Equal((255, 255, 255), picture.At(14, 30));
    }

    [Fact]
    public void The_captions_stand_left_of_their_rows()
    {
        float[] white = [.. Enumerable.Repeat(1f, 2 * 28 * 28)];
        var images = new ImageBatch(white, 2, 1, 28, 28);
        ReconstructionGrid.Write(FilePath, images, images, columns: 1);
        using var picture = new DecodedPicture(FilePath);
        int left = picture.Size.Width - 8 - 58;
        foreach (int row in new[] { 9, 66, 134, 191 })
        {
            Assert.InRange(picture.CountInk(0, row, left, row + 56), 40, 1000);
        }

        Assert.Equal(0, picture.CountInk(0, 123, left, 133));
    }

    [Fact]
    public void Batches_that_do_not_match_are_refused()
    {
        Assert.Throws<ArgumentException>(() => ReconstructionGrid.Write(FilePath, Flat(1, 2), Flat(1), 1));
        Assert.Throws<ArgumentException>(
            () => ReconstructionGrid.Write(FilePath, Flat(1), new ImageBatch(new float[1], 1, 1, 1, 1), 1));
        Assert.Empty(_folder.FileNames());
    }

    private static ImageBatch Flat(params int[] levels) =>
        new(
            levels.SelectMany(level => Enumerable.Repeat(level / 255f, 16)).ToArray(),
            levels.Length,
            channels: 1,
            height: 4,
            width: 4);
}
