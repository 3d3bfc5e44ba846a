using Sere.Evaluation;
using Sere.Storage;
using SkiaSharp;

namespace Sere.Runs.Pictures;

/// <summary>Draws where an image surprises over the image itself.</summary>
public static class HeatMap
{
    // Of a smoothed map: below the first nothing is shown, and from the second on all of it.
    private const float Faint = 1;
    private const float Full = 5;
    private const int Smoothing = 3;
    private const int SmallestSide = 256;
    private static readonly SKColor Warm = new(255, 190, 0);
    private static readonly SKColor Hot = new(215, 0, 30);

    /// <summary>Writes a PNG file: the image, paler, with usual places left as they are and strange ones yellow to red.</summary>
    /// <param name="path">The file, written whole or not at all.</param>
    /// <param name="images">Images.</param>
    /// <param name="image">Which of them.</param>
    /// <param name="map">Its map.</param>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(string path, ImageBatch images, int image, SurpriseMap map)
    {
        byte[] png = Png(images, image, map);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    /// <summary>The picture, as a PNG file has it; without a map, the image alone.</summary>
    internal static byte[] Png(ImageBatch images, int image, SurpriseMap? map)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var pixels = new SKBitmap(images.Width, images.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        images.CopyTo(image, pixels.GetPixelSpan());
        if (map is not null)
        {
            float[] smooth = WindowMeans.Around(map.Values.Span, map.Width, Smoothing);
            for (int place = 0; place < smooth.Length; place++)
            {
                var (column, row) = (place % map.Width, place / map.Width);
                pixels.SetPixel(column, row, Blend(pixels.GetPixel(column, row), smooth[place]));
            }
        }

        int scale = Math.Max(1, SmallestSide / Math.Max(images.Width, images.Height));
        using var picture = SKImage.FromBitmap(pixels);
        using var large = new SKBitmap(images.Width * scale, images.Height * scale, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using (var canvas = new SKCanvas(large))
        {
            canvas.DrawImage(picture, SKRect.Create(large.Width, large.Height), new SKSamplingOptions(SKFilterMode.Nearest));
        }

        using SKData png = large.Encode(SKEncodedImageFormat.Png, quality: 100);
        return png.ToArray();
    }

    private static SKColor Blend(SKColor colour, float surprise)
    {
        float strength = float.IsNaN(surprise) ? 1 : Math.Clamp((surprise - Faint) / (Full - Faint), 0, 1);
        float share = 0.75f * MathF.Sqrt(strength);
        byte Part(byte image, byte warm, byte hot) =>
            (byte)((image * (1 - share)) + (((warm * (1 - strength)) + (hot * strength)) * share));
        return new SKColor(
            Part(colour.Red, Warm.Red, Hot.Red), Part(colour.Green, Warm.Green, Hot.Green), Part(colour.Blue, Warm.Blue, Hot.Blue));
    }
}

/// <summary>Writes the maps of images into a folder: NAME.png over the image, and NAME.npy with the values.</summary>
internal static class SurpriseMapFiles
{
    public static void Write(
        string folder, TrainedModel model, Sere.Data.ImageSet images, IReadOnlyList<ImageVerdict> verdicts)
    {
        for (int image = 0; image < images.Count; image++)
        {
            // A file of a subfolder keeps its folder in its name; two pictures may differ by their ending alone.
            string name = verdicts[image].Name.Replace('/', '-');
            var pictures = model.ToPictures(model.PrepareAll(images.Slice(image, 1)));
            var map = verdicts[image].Map;
            HeatMap.Write(LinkFreePath.Below(folder, $"{name}.png"), pictures, 0, map);
            NpyFile.Write(
                LinkFreePath.Below(folder, $"{name}.npy"), new NpyArray(map.Values.ToArray(), map.Height, map.Width));
        }
    }
}
