using Sere.Storage;
using SkiaSharp;

namespace Sere.Runs.Pictures;

/// <summary>Pictures of many images in rows and columns.</summary>
public static class ImageGrid
{
    // A picture of more pixels than this is a mistake in a count, and would take gigabytes.
    private const long MostPixels = 200_000_000;
    private const int CaptionSize = 13;
    private const int CaptionMargin = 10;
    private const int PageMargin = 8;

    // What separates two pairs of rows, beside the lines around the images.
    private const int PairGap = 10;

    // Between the black of digits and the white of the page: it parts images without standing out.
    private static readonly SKColor Separator = SKColor.Parse("#6B7280");

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
        using var page = Page(gap + (columns * cellWidth), gap + (rows * cellHeight));
        using (var canvas = new SKCanvas(page))
        {
            for (int i = 0; i < images.Count; i++)
            {
                Draw(canvas, images, i, gap + (i % columns * cellWidth), gap + (i / columns * cellHeight), scale, gap);
            }
        }

        Save(page, path);
    }

    /// <summary>
    /// Writes a PNG file of pairs of rows on white: a row of originals, right below it their reconstructions, then a
    /// gap and the next pair.
    /// </summary>
    /// <param name="path">The file, written whole or not at all.</param>
    /// <param name="originals">The images that went into the model.</param>
    /// <param name="reconstructions">What the model made of them: as many, of the same size, in the same order.</param>
    /// <param name="columns">How many pairs stand side by side.</param>
    /// <param name="scale">How many pixels of the picture, across and down, show one pixel of an image.</param>
    /// <exception cref="ArgumentException">The two batches differ in number or size.</exception>
    /// <exception cref="UsageException">The picture would be too large.</exception>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void WritePairs(
        string path, ImageBatch originals, ImageBatch reconstructions, int columns, int scale = 2)
    {
        ArgumentNullException.ThrowIfNull(originals);
        ArgumentNullException.ThrowIfNull(reconstructions);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale);
        if ((originals.Count, originals.Height, originals.Width)
            != (reconstructions.Count, reconstructions.Height, reconstructions.Width))
        {
            throw new ArgumentException("Reconstructions are as many and as large as the originals.", nameof(reconstructions));
        }

        const int Gap = 1;
        (string Text, ImageBatch Images)[] rows = [("original", originals), ("reconstruction", reconstructions)];
        columns = Math.Min(columns, originals.Count);
        int pairs = (originals.Count + columns - 1) / columns;
        long cellWidth = ((long)originals.Width * scale) + Gap;
        long rowHeight = (long)originals.Height * scale;
        long pairHeight = (2 * rowHeight) + (3 * Gap) + PairGap;
        using var font = new SKFont(PictureFont.Regular, Math.Min(CaptionSize, rowHeight));
        long left = PageMargin + (long)rows.Max(row => font.MeasureText(row.Text)) + 1 + CaptionMargin;
        using var page = Page(
            left + Gap + (columns * cellWidth) + PageMargin, (2 * PageMargin) + (pairs * pairHeight) - PairGap);
        using (var canvas = new SKCanvas(page))
        using (var ink = new SKPaint { Color = SKColor.Parse("#22262B"), IsAntialias = true })
        {
            foreach (var (index, (text, images)) in rows.Index())
            {
                for (int i = 0; i < images.Count; i++)
                {
                    long top = PageMargin + Gap + (i / columns * pairHeight) + (index * (rowHeight + Gap));
                    Draw(canvas, images, i, left + Gap + (i % columns * cellWidth), top, scale, Gap);
                    if (i % columns == 0)
                    {
                        float baseline = top + (rowHeight / 2f) - ((font.Metrics.Ascent + font.Metrics.Descent) / 2);
                        canvas.DrawText(text, left - CaptionMargin, baseline, SKTextAlign.Right, font, ink);
                    }
                }
            }
        }

        Save(page, path);
    }

    private static SKBitmap Page(long width, long height)
    {
        if (width * height > MostPixels)
        {
            throw new UsageException(
                $"A picture of {width} x {height} pixels is too large; ask for fewer images or a smaller scale.");
        }

        var page = new SKBitmap((int)width, (int)height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        page.Erase(SKColors.White);
        return page;
    }

    /// <summary>An image, each of its pixels as a square, and around it a line, which neighbours share.</summary>
    private static void Draw(SKCanvas canvas, ImageBatch images, int image, long left, long top, int scale, int gap)
    {
        var place = SKRect.Create(left, top, images.Width * scale, images.Height * scale);
        using var line = new SKPaint { Color = Separator };
        canvas.DrawRect(SKRect.Inflate(place, gap, gap), line);
        using var pixels = new SKBitmap(images.Width, images.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        images.CopyTo(image, pixels.GetPixelSpan());
        using var picture = SKImage.FromBitmap(pixels);
        canvas.DrawImage(picture, place, new SKSamplingOptions(SKFilterMode.Nearest));
    }

    private static void Save(SKBitmap page, string path)
    {
        using SKData png = page.Encode(SKEncodedImageFormat.Png, quality: 100);
        AtomicFile.Write(path, png.SaveTo);
    }
}

/// <summary>Images of one size, to be drawn.</summary>
public sealed class ImageBatch
{
    /// <summary>Takes images from one array.</summary>
    /// <param name="values">
    /// The intensities in [0, 1], as count x channels x height x width. Others are clamped when drawn, and what is not
    /// a number is drawn black.
    /// </param>
    /// <param name="count">How many images there are, at least 1.</param>
    /// <param name="channels">1 for grey, 3 for red, green and blue.</param>
    /// <param name="height">The height of an image in pixels.</param>
    /// <param name="width">The width of an image in pixels.</param>
    /// <exception cref="ArgumentException">The sizes are not positive or do not give the number of values.</exception>
    public ImageBatch(ReadOnlyMemory<float> values, int count, int channels, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (channels is not (1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Images have 1 channel or 3.");
        }

        if ((Int128)count * channels * height * width != values.Length)
        {
            throw new ArgumentException(
                $"{count} images of {channels} x {height} x {width} do not take {values.Length} values.", nameof(values));
        }

        Values = values;
        Count = count;
        Channels = channels;
        Height = height;
        Width = width;
    }

    /// <summary>The intensities in [0, 1], as count x channels x height x width.</summary>
    public ReadOnlyMemory<float> Values { get; }

    /// <summary>How many images there are.</summary>
    public int Count { get; }

    /// <summary>1 for grey, 3 for red, green and blue.</summary>
    public int Channels { get; }

    /// <summary>The height of an image in pixels.</summary>
    public int Height { get; }

    /// <summary>The width of an image in pixels.</summary>
    public int Width { get; }

    /// <summary>The pixels of an image as 8-bit red, green, blue and opacity, by rows.</summary>
    internal void CopyTo(int image, Span<byte> pixels)
    {
        int plane = Height * Width;
        var planes = Values.Span.Slice(image * Channels * plane, Channels * plane);
        for (int place = 0; place < plane; place++)
        {
            var pixel = pixels.Slice(4 * place, 4);
            pixel[3] = byte.MaxValue;
            for (int colour = 0; colour < 3; colour++)
            {
                float intensity = planes[(Channels == 1 ? 0 : colour * plane) + place];
                pixel[colour] =
                    float.IsNaN(intensity) ? (byte)0 : (byte)((Math.Clamp(intensity, 0f, 1f) * byte.MaxValue) + 0.5f);
            }
        }
    }
}
