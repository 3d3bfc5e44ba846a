using Sere.Data;

namespace Sere.Runs;

/// <summary>
/// Normal images with a patch of another one at a place where it does not belong, as faults that anybody can have (CutPaste, Li
/// et al. 2021).
/// </summary>
internal static class PastedPatches
{
    // Of the sides of an image.
    private const int SmallestPart = 16;
    private const int LargestPart = 5;

    /// <summary>Each image with a patch of the image after it.</summary>
    /// <param name="images">Images of bytes.</param>
    /// <param name="seed">Image i is a function of the images, the seed and i.</param>
    public static ImageSet On(ImageSet images, long seed)
    {
        byte[] pixels = [.. images.Pixels];
        var (channels, height, width) = (images.Shape.Channels, images.Shape.Height, images.Shape.Width);
        for (int image = 0; image < images.Count; image++)
        {
            var random = new IntegerRandom(seed, stream: 0, image);
            var (rows, fromRow, toRow) = Stretch(ref random, height);
            var (columns, fromColumn, toColumn) = Stretch(ref random, width);
            int other = (image + 1) % images.Count * images.Shape.Dimensions;
            int own = image * images.Shape.Dimensions;
            for (int line = 0; line < channels * rows; line++)
            {
                var (channel, row) = Math.DivRem(line, rows);
                images.Pixels.AsSpan(other + (((channel * height) + fromRow + row) * width) + fromColumn, columns)
                    .CopyTo(pixels.AsSpan(own + (((channel * height) + toRow + row) * width) + toColumn));
            }
        }

        return new ImageSet(images.Shape, pixels);
    }

    private static (int Length, int From, int To) Stretch(ref IntegerRandom random, int side)
    {
        int least = Math.Max(1, side / SmallestPart);
        int length = least + random.NextBelow(Math.Max(1, (side / LargestPart) - least + 1));
        return (length, random.NextBelow(side - length + 1), random.NextBelow(side - length + 1));
    }
}
