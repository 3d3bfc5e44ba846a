using SkiaSharp;

namespace Sere.Tests.Data;

/// <summary>Encodes small pictures for tests.</summary>
internal static class Pictures
{
    public static byte[] Encode(
        int width,
        int height,
        Func<int, int, SKColor> colour,
        SKEncodedImageFormat format = SKEncodedImageFormat.Png)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                bitmap.SetPixel(x, y, colour(x, y));
            }
        }

        using SKData data = bitmap.Encode(format, 100);
        return data.ToArray();
    }

    public static byte[] Grey(int width, int height, byte first) =>
        Encode(width, height, (x, y) => Level((byte)(first + x + (width * y))));

    /// <summary>A picture of one grey value in a file without channels of colour.</summary>
    public static byte[] StoredGrey(int width, int height, byte level)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Gray8, SKAlphaType.Opaque));
        bitmap.Erase(Level(level));
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    public static SKColor Level(byte level) => new(level, level, level);
}
