using SkiaSharp;
using Xunit;

namespace Sere.Tests.Runs.Pictures;

/// <summary>A PNG file read back.</summary>
internal sealed class DecodedPicture : IDisposable
{
    private readonly SKBitmap _bitmap;

    public DecodedPicture(string path)
    {
        Assert.Equal([0x89, .. "PNG"u8], File.ReadAllBytes(path).Take(4));
        _bitmap = SKBitmap.Decode(path) ?? throw new InvalidDataException($"'{path}' is no picture.");
    }

    public (int Width, int Height) Size => (_bitmap.Width, _bitmap.Height);

    public (int Red, int Green, int Blue) At(int x, int y)
    {
        SKColor color = _bitmap.GetPixel(x, y);
        return (color.Red, color.Green, color.Blue);
    }

    public int Count(int left, int top, int right, int bottom, Func<(int Red, int Green, int Blue), bool> isCounted) =>
        Places(left, top, right, bottom).Count(place => isCounted(At(place.X, place.Y)));

    /// <summary>How many pixels of a region are as dark as text.</summary>
    public int CountInk(int left, int top, int right, int bottom) =>
        Count(left, top, right, bottom, color => color.Red < 90 && color.Green < 90 && color.Blue < 90);

    /// <summary>The places of a colour.</summary>
    public (int X, int Y)[] Find((int Red, int Green, int Blue) color) =>
        [.. Places(0, 0, _bitmap.Width, _bitmap.Height).Where(place => At(place.X, place.Y) == color)];

    public void Dispose() => _bitmap.Dispose();

    private static IEnumerable<(int X, int Y)> Places(int left, int top, int right, int bottom) =>
        from y in Enumerable.Range(top, bottom - top)
        from x in Enumerable.Range(left, right - left)
        select (x, y);
}
