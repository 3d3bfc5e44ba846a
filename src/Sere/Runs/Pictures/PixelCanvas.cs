using Sere.Storage;
using SkiaSharp;

namespace Sere.Runs.Pictures;

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
