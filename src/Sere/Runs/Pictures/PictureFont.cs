using ScottPlot;
using SkiaSharp;

namespace Sere.Runs.Pictures;

/// <summary>
/// The font of every picture. It is part of the library, so that text looks the same everywhere and is drawn at all on
/// a machine without fonts.
/// </summary>
internal static class PictureFont
{
    private static readonly Lazy<Resolver> Registered = new(Register);

    /// <summary>The name under which ScottPlot finds the font.</summary>
    public static string Name => Registered.Value.Name;

    /// <summary>The font of running text.</summary>
    public static SKTypeface Regular => Registered.Value.Regular;

    /// <summary>The font of titles.</summary>
    public static SKTypeface SemiBold => Registered.Value.SemiBold;

    private static Resolver Register()
    {
        var resolver = new Resolver();
        // In front of the system's fonts, which on a bare machine answer every name with an empty one.
        ScottPlot.Fonts.FontResolvers.Insert(0, resolver);
        return resolver;
    }

    private static SKTypeface Load(string name)
    {
        using Stream stream = typeof(PictureFont).Assembly.GetManifestResourceStream($"fonts/{name}.ttf")
            ?? throw new InvalidOperationException($"The font {name} is missing from the library.");
        return SKTypeface.FromStream(stream);
    }

    private sealed class Resolver : IFontResolver
    {
        // Not the font's own name: a program that asks ScottPlot for its installed "Inter" must get that one.
        public string Name => "Sere Inter";

        public SKTypeface Regular { get; } = Load("Inter-Regular");

        public SKTypeface SemiBold { get; } = Load("Inter-SemiBold");

        public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing)
        {
            if (!string.Equals(fontName, Name, StringComparison.Ordinal))
            {
                return null;
            }

            return weight >= FontWeight.SemiBold ? SemiBold : Regular;
        }

        public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) =>
            CreateTypeface(fontName, bold ? FontWeight.Bold : FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);
    }
}
