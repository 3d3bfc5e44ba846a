using Sere.Storage;
using SkiaSharp;

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

    /// <summary>The colour of a pixel as 8-bit red, green and blue.</summary>
    internal (byte Red, byte Green, byte Blue) ColorAt(int image, int row, int column)
    {
        int plane = Height * Width;
        ReadOnlySpan<float> values = Values.Span[(image * Channels * plane)..];
        int place = (row * Width) + column;
        byte red = ToByte(values[place]);
        return Channels == 1
            ? (red, red, red)
            : (red, ToByte(values[plane + place]), ToByte(values[(2 * plane) + place]));
    }

    private static byte ToByte(float intensity) =>
        float.IsNaN(intensity) ? (byte)0 : (byte)((Math.Clamp(intensity, 0f, 1f) * byte.MaxValue) + 0.5f);
}

/// <summary>A picture made of enlarged images and captions, pixel by pixel.</summary>
internal sealed class PixelCanvas : IDisposable
{
    // A picture of more pixels than this is a mistake in a count, and would take gigabytes.
    private const long MostPixels = 200_000_000;
    private const int BytesPerPixel = 4;

    private static readonly SKColor Ink = SKColor.Parse("#22262B");

    // Between the black of digits and the white of the page: it parts images without standing out.
    private static readonly SKColor Separator = SKColor.Parse("#6B7280");

    private readonly SKBitmap _bitmap;

    /// <summary>A white page.</summary>
    public PixelCanvas(long width, long height)
    {
        if (width * height > MostPixels)
        {
            throw new UsageException(
                $"A picture of {width} x {height} pixels is too large; ask for fewer images or a smaller scale.");
        }

        _bitmap = new SKBitmap((int)width, (int)height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        _bitmap.Erase(SKColors.White);
    }

    /// <summary>
    /// Draws one image, each of its pixels as a square of <paramref name="scale"/> pixels, and around it a line of
    /// <paramref name="gap"/> pixels, which neighbours share.
    /// </summary>
    public void DrawImage(ImageBatch images, int image, int left, int top, int scale, int gap)
    {
        _bitmap.Erase(
            Separator,
            SKRectI.Create(
                left - gap,
                top - gap,
                (images.Width * scale) + (2 * gap),
                (images.Height * scale) + (2 * gap)));
        Span<byte> pixels = _bitmap.GetPixelSpan();
        for (int row = 0; row < images.Height * scale; row++)
        {
            Span<byte> line = pixels.Slice(
                ((top + row) * _bitmap.RowBytes) + (left * BytesPerPixel),
                images.Width * scale * BytesPerPixel);
            for (int column = 0; column < images.Width * scale; column++)
            {
                (byte red, byte green, byte blue) = images.ColorAt(image, row / scale, column / scale);
                Span<byte> pixel = line.Slice(column * BytesPerPixel, BytesPerPixel);
                (pixel[0], pixel[1], pixel[2], pixel[3]) = (red, green, blue, byte.MaxValue);
            }
        }
    }

    /// <summary>Writes a caption that ends at <paramref name="right"/>, centred on a height.</summary>
    public void DrawCaption(string text, SKFont font, float right, float middle)
    {
        using var canvas = new SKCanvas(_bitmap);
        using var paint = new SKPaint { Color = Ink, IsAntialias = true };
        float baseline = middle - ((font.Metrics.Ascent + font.Metrics.Descent) / 2);
        canvas.DrawText(text, right, baseline, SKTextAlign.Right, font, paint);
    }

    /// <summary>Writes the picture as a PNG file, whole or not at all.</summary>
    public void Save(string path)
    {
        using SKData png = _bitmap.Encode(SKEncodedImageFormat.Png, quality: 100);
        AtomicFile.Write(path, png.SaveTo);
    }

    public void Dispose() => _bitmap.Dispose();
}

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
