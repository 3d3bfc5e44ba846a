using ScottPlot;
using ScottPlot.AxisPanels;
using Sere.Storage;
using SkiaSharp;

namespace Sere.Runs.Pictures;

/// <summary>What all charts share: size, colours and text.</summary>
internal static class Chart
{
    private const int Width = 900;
    private const int Height = 560;
    private const int LongestTitle = 84;
    private const int LongestName = 48;
    private const int LabelSize = 16;
    private const int TickSize = 14;

    // Told apart by colour-blind readers too (after Okabe and Ito, the yellow left out: it fades on white).
    private static readonly Color[] Palette =
    [
        .. new[] { "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B4C9A", "#5F6B76" }
            .Select(color => Color.FromHex(color)),
    ];

    private static readonly LinePattern[] Patterns = [LinePattern.Solid, LinePattern.Dashed, LinePattern.Dotted];
    private static readonly Color Rule = Color.FromHex("#E5E8EB");

    public static Color Ink { get; } = Color.FromHex("#22262B");

    /// <summary>The colour of a series; after the last one they start again.</summary>
    public static Color ColorOf(int series) => Palette[series % Palette.Length];

    /// <summary>The line of a series; it changes when the colours start again.</summary>
    public static LinePattern PatternOf(int series) => Patterns[series / Palette.Length % Patterns.Length];

    /// <summary>The name of a series or bar, shortened if it would take the chart's room.</summary>
    public static string Name(string name) => Shortened(name, LongestName);

    public static Plot Create(string title, string xLabel, string yLabel)
    {
        var plot = new Plot();
        plot.Grid.MajorLineColor = Rule;
        plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.Axes.Right.FrameLineStyle.Width = 0;
        plot.Axes.Right.MinimumSize = 24;
        Style(plot.Axes.Title.Label, Shortened(title, LongestTitle), LabelSize + 3);
        plot.Axes.Title.Label.Bold = true;
        foreach (var (axis, label) in new[] { ((AxisBase)plot.Axes.Bottom, xLabel), ((AxisBase)plot.Axes.Left, yLabel) })
        {
            Style(axis.LabelStyle, label, LabelSize);
            Style(axis.TickLabelStyle, string.Empty, TickSize);
            axis.PaddingOutsideAxisLabels = new PixelPadding(14, 10);
        }

        return plot;
    }

    /// <summary>Draws the chart into a PNG file of 900 x 560 pixels, written whole or not at all.</summary>
    public static void Save(Plot plot, string path)
    {
        byte[] png = ToPng(plot);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    /// <summary>The chart as such a file has it.</summary>
    public static byte[] ToPng(Plot plot)
    {
        if (plot.PlottableList.Count == 0)
        {
            const string Nothing = "nothing to show yet";
            Style(plot.Add.Annotation(Nothing, Alignment.MiddleCenter).LabelStyle, Nothing, LabelSize);
        }
        else if (plot.Legend.GetItems().Any(item => !string.IsNullOrEmpty(item.LabelText)))
        {
            plot.ShowLegend(Edge.Bottom);
            plot.Legend.Orientation = Orientation.Horizontal;
            plot.Legend.FontName = PictureFont.Name;
            plot.Legend.FontSize = TickSize;
            plot.Legend.FontColor = Ink;
            plot.Legend.OutlineColor = Colors.Transparent;
            plot.Legend.ShadowColor = Colors.Transparent;
        }

        return plot.GetImageBytes(Width, Height, ImageFormat.Png);
    }

    private static string Shortened(string text, int most) =>
        text.Length <= most ? text : $"{text.AsSpan(0, most - 3).TrimEnd()}...";

    private static void Style(LabelStyle label, string text, int size)
    {
        label.Text = text;
        label.FontSize = size;
        label.FontName = PictureFont.Name;
        label.Bold = false;
        label.ForeColor = Ink;
        label.BackgroundColor = Colors.Transparent;
        label.BorderWidth = 0;
        label.ShadowColor = Colors.Transparent;
    }
}

/// <summary>
/// The font of every picture. It is part of the library, so that text looks the same everywhere and is drawn at all on
/// a machine without fonts.
/// </summary>
internal sealed class PictureFont : IFontResolver
{
    static PictureFont() =>
        // In front of the system's fonts, which on a bare machine answer every name with an empty one.
        ScottPlot.Fonts.FontResolvers.Insert(0, new PictureFont());

    /// <summary>
    /// The name under which ScottPlot finds the font; no constant, so that who asks for it has the font registered. It is not
    /// the font's own: a program that asks ScottPlot for its installed "Inter" must get that one.
    /// </summary>
    public static string Name { get; } = "Sere Inter";

    public static SKTypeface Regular { get; } = Load("Inter-Regular");

    public static SKTypeface SemiBold { get; } = Load("Inter-SemiBold");

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        !string.Equals(fontName, Name, StringComparison.Ordinal) ? null : weight >= FontWeight.SemiBold ? SemiBold : Regular;

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) =>
        CreateTypeface(fontName, bold ? FontWeight.Bold : FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);

    private static SKTypeface Load(string name)
    {
        using Stream stream = typeof(PictureFont).Assembly.GetManifestResourceStream($"fonts/{name}.ttf")!;
        return SKTypeface.FromStream(stream);
    }
}
