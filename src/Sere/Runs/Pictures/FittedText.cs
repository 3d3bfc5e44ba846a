using SkiaSharp;

namespace Sere.Runs.Pictures;

/// <summary>A text made to fit into a width: smaller first, then shorter.</summary>
/// <param name="Text">The text, perhaps shortened.</param>
/// <param name="Size">Its size in pixels.</param>
internal sealed record FittedText(string Text, float Size)
{
    private const float SmallestFraction = 0.75f;

    /// <summary>Fits a text.</summary>
    /// <param name="text">The text as it should be.</param>
    /// <param name="typeface">The font.</param>
    /// <param name="size">Its size in pixels as it should be.</param>
    /// <param name="width">The width in pixels that it may take.</param>
    public static FittedText Of(string text, SKTypeface typeface, float size, float width)
    {
        using var font = new SKFont(typeface, size);
        float natural = font.MeasureText(text);
        if (natural <= width)
        {
            return new FittedText(text, size);
        }

        font.Size = Math.Max(size * width / natural, size * SmallestFraction);
        int kept = text.Length;
        while (kept > 0 && font.MeasureText(Shortened(text, kept)) > width)
        {
            kept--;
        }

        return new FittedText(kept == text.Length ? text : Shortened(text, kept), font.Size);
    }

    private static string Shortened(string text, int length) =>
        length == text.Length ? text : $"{text[..length].TrimEnd()}...";
}
