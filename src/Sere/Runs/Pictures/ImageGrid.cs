namespace Sere.Runs.Pictures;

/// <summary>A picture of many images in rows and columns.</summary>
public static class ImageGrid
{
    /// <summary>
    /// Writes images as a PNG file, from left to right and then from top to bottom. Places without an image are white.
    /// </summary>
    /// <param name="path">The file, written whole or not at all.</param>
    /// <param name="images">The images.</param>
    /// <param name="columns">How many images stand side by side.</param>
    /// <param name="scale">How many pixels of the picture, across and down, show one pixel of an image.</param>
    /// <param name="gap">The width in pixels of the lines between the images and around them.</param>
    /// <exception cref="UsageException">The picture would be too large.</exception>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(string path, ImageBatch images, int columns, int scale = 2, int gap = 1)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale);
        ArgumentOutOfRangeException.ThrowIfNegative(gap);
        columns = Math.Min(columns, images.Count);
        int rows = (images.Count + columns - 1) / columns;
        long cellWidth = ((long)images.Width * scale) + gap;
        long cellHeight = ((long)images.Height * scale) + gap;
        using var canvas = new PixelCanvas(gap + (columns * cellWidth), gap + (rows * cellHeight));
        for (int i = 0; i < images.Count; i++)
        {
            canvas.DrawImage(
                images,
                i,
                (int)(gap + (i % columns * cellWidth)),
                (int)(gap + (i / columns * cellHeight)),
                scale,
                gap);
        }

        canvas.Save(path);
    }
}
