using Sere.Data;
using Sere.Runs.Pictures;
using SkiaSharp;

namespace Sere.Runs;

/// <summary>
/// How many nats a lossless code takes for an image, L(x): what is rich in detail takes many. A likelihood less the
/// complexity no longer favours images for being plain (Serra et al. 2020).
/// </summary>
internal static class ImageComplexity
{
    private const int Contexts = 1 << 4;
    private const int Effort = 50;

    /// <summary>
    /// By lossless WebP, or of a binary image by an adaptive code: each pixel given the four known ones around it, by the
    /// estimate of Krichevsky and Trofimov.
    /// </summary>
    /// <param name="shape">The shape of the image.</param>
    /// <param name="levels">Its values in [0, 1], plane by plane; 0 or 1 where it is binary.</param>
    /// <param name="isBinary">Whether it is.</param>
    public static double Nats(ImageShape shape, ReadOnlySpan<float> levels, bool isBinary) =>
        isBinary ? Adaptive(shape, levels) : WebP(shape, levels);

    private static double Adaptive(ImageShape shape, ReadOnlySpan<float> levels)
    {
        double nats = 0;
        int plane = shape.Height * shape.Width;
        Span<int> counts = stackalloc int[2 * Contexts];
        for (int channel = 0; channel < shape.Channels; channel++)
        {
            counts.Clear();
            var image = levels.Slice(channel * plane, plane);
            for (int row = 0; row < shape.Height; row++)
            {
                for (int column = 0; column < shape.Width; column++)
                {
                    int context = (Bit(image, row, column - 1, shape) << 3) | (Bit(image, row - 1, column - 1, shape) << 2)
                        | (Bit(image, row - 1, column, shape) << 1) | Bit(image, row - 1, column + 1, shape);
                    ref int seen = ref counts[(2 * context) + Bit(image, row, column, shape)];
                    nats -= Math.Log((seen + 0.5) / (counts[2 * context] + counts[(2 * context) + 1] + 1.0));
                    seen++;
                }
            }
        }

        return nats;
    }

    private static int Bit(ReadOnlySpan<float> image, int row, int column, ImageShape shape) =>
        row >= 0 && column >= 0 && column < shape.Width && image[(row * shape.Width) + column] >= 0.5f ? 1 : 0;

    private static double WebP(ImageShape shape, ReadOnlySpan<float> levels)
    {
        using var picture = new SKBitmap(shape.Width, shape.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        new ImageBatch(levels.ToArray(), 1, shape.Channels, shape.Height, shape.Width).CopyTo(0, picture.GetPixelSpan());
        using var pixels = picture.PeekPixels();
        using var code = pixels.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, Effort))
            ?? throw new SereException($"An image of {shape.Width} x {shape.Height} pixels is too large for lossless WebP.");
        return 8 * Math.Log(2) * code.Size;
    }
}
