using SkiaSharp;

namespace Sere.Runs.Pictures;

/// <summary>A picture of images, each above its reconstruction.</summary>
public static class ReconstructionGrid
{
    private const int CaptionSize = 13;
    private const int CaptionMargin = 10;
    private const int PageMargin = 8;

    // What separates two pairs of rows, beside the lines around the images.
    private const int PairGap = 10;

    /// <summary>
    /// Writes a PNG file of pairs of rows on white: a row of originals, right below it their reconstructions, then a
    /// gap and the next pair.
    /// </summary>
    /// <param name="path">The file, written whole or not at all.</param>
    /// <param name="originals">The images that went into the model.</param>
    /// <param name="reconstructions">What the model made of them: as many, of the same size, in the same order.</param>
    /// <param name="columns">How many pairs stand side by side.</param>
    /// <param name="scale">How many pixels of the picture, across and down, show one pixel of an image.</param>
    /// <param name="gap">The width in pixels of the lines between the images and around each pair of rows.</param>
    /// <param name="originalCaption">What stands left of a row of originals; empty for nothing.</param>
    /// <param name="reconstructionCaption">What stands left of a row of reconstructions; empty for nothing.</param>
    /// <exception cref="ArgumentException">The two batches differ in number or size.</exception>
    /// <exception cref="UsageException">The picture would be too large.</exception>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(
        string path,
        ImageBatch originals,
        ImageBatch reconstructions,
        int columns,
        int scale = 2,
        int gap = 1,
        string originalCaption = "original",
        string reconstructionCaption = "reconstruction")
    {
        ArgumentNullException.ThrowIfNull(originals);
        ArgumentNullException.ThrowIfNull(reconstructions);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale);
        ArgumentOutOfRangeException.ThrowIfNegative(gap);
        if (originals.Count != reconstructions.Count || originals.Height != reconstructions.Height ||
            originals.Width != reconstructions.Width)
        {
            throw new ArgumentException("Reconstructions are as many and as large as the originals.", nameof(reconstructions));
        }

        columns = Math.Min(columns, originals.Count);
        int pairRows = (originals.Count + columns - 1) / columns;
        long cellWidth = ((long)originals.Width * scale) + gap;
        long rowHeight = (long)originals.Height * scale;
        long pairHeight = (2 * rowHeight) + (3 * gap) + PairGap;
        using var font = new SKFont(PictureFont.Regular, Math.Min(CaptionSize, rowHeight));
        float captionWidth = Math.Max(font.MeasureText(originalCaption), font.MeasureText(reconstructionCaption));
        int left = PageMargin + (captionWidth > 0 ? (int)Math.Ceiling(captionWidth) + CaptionMargin : 0);
        using var canvas = new PixelCanvas(
            left + gap + (columns * cellWidth) + PageMargin,
            (2 * PageMargin) + (pairRows * pairHeight) - PairGap);

        for (int i = 0; i < originals.Count; i++)
        {
            int x = (int)(left + gap + (i % columns * cellWidth));
            int y = (int)(PageMargin + gap + (i / columns * pairHeight));
            canvas.DrawImage(originals, i, x, y, scale, gap);
            canvas.DrawImage(reconstructions, i, x, (int)(y + rowHeight + gap), scale, gap);
        }

        for (int row = 0; row < pairRows; row++)
        {
            float middle = PageMargin + gap + (row * pairHeight) + (rowHeight / 2f);
            canvas.DrawCaption(originalCaption, font, left - CaptionMargin, middle);
            canvas.DrawCaption(reconstructionCaption, font, left - CaptionMargin, middle + rowHeight + gap);
        }

        canvas.Save(path);
    }
}
