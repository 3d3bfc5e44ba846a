using ScottPlot;
using ScottPlot.AxisPanels;
using Sere.Storage;
using SkiaSharp;

namespace Sere.Runs.Pictures;

/// <summary>What all charts share: size, colours and text.</summary>
internal static class Chart
{
    /// <summary>The width of a chart in pixels.</summary>
    public const int Width = 900;

    /// <summary>The height of a chart in pixels.</summary>
    public const int Height = 560;

    // About what the axes leave of width and height.
    private const float DataWidth = 800;
    private const float DataHeight = 450;
    private const int TitleSize = 19;
    private const int LabelSize = 16;
    private const int TickSize = 14;
    private const int LegendRow = 24;
    private const int LegendSymbol = 30;
    private const int LegendSurround = 64;
    private const int LongestLegendText = 420;

    private static readonly Color Ink = Color.FromHex("#22262B");
    private static readonly Color Frame = Color.FromHex("#8A9199");
    private static readonly Color Rule = Color.FromHex("#E5E8EB");

    // Told apart by colour-blind readers too (after Okabe and Ito, the yellow left out: it fades on white).
    private static readonly Color[] Palette =
    [
        .. new[] { "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B4C9A", "#5F6B76" }
            .Select(color => Color.FromHex(color)),
    ];

    private static readonly LinePattern[] Patterns = [LinePattern.Solid, LinePattern.Dashed, LinePattern.Dotted];

    /// <summary>The colour of text and of marks that belong to no series.</summary>
    public static Color InkColor => Ink;

    /// <summary>The colour of a series; after the last one they start again.</summary>
    public static Color ColorOf(int series) => Palette[series % Palette.Length];

    /// <summary>The line of a series; it changes when the colours start again.</summary>
    public static LinePattern PatternOf(int series) => Patterns[series / Palette.Length % Patterns.Length];

    /// <summary>An empty chart with its labels.</summary>
    public static Plot Create(string title, string xLabel, string yLabel)
    {
        var plot = new Plot();
        plot.FigureBackground.Color = Colors.White;
        plot.DataBackground.Color = Colors.White;
        plot.Grid.MajorLineColor = Rule;
        plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.Axes.Right.FrameLineStyle.Width = 0;
        plot.Axes.Right.MinimumSize = 24;
        Style(plot.Axes.Title.Label, title, PictureFont.SemiBold, TitleSize, DataWidth);
        plot.Axes.Title.Label.Bold = true;
        foreach (AxisBase axis in new AxisBase[] { (AxisBase)plot.Axes.Bottom, (AxisBase)plot.Axes.Left })
        {
            bool isBottom = axis.Edge == Edge.Bottom;
            Style(
                axis.LabelStyle,
                isBottom ? xLabel : yLabel,
                PictureFont.Regular,
                LabelSize,
                isBottom ? DataWidth : DataHeight);
            Style(axis.TickLabelStyle, string.Empty, PictureFont.Regular, TickSize, DataWidth);
            axis.PaddingOutsideAxisLabels = new PixelPadding(14, 10);
            axis.FrameLineStyle.Color = Frame;
            axis.MajorTickStyle.Color = Frame;
            axis.TickGenerator = new EvenTicks(integersOnly: false);
        }

        return plot;
    }

    /// <summary>The part of the chart's width and height that a legend of these names takes with its margin.</summary>
    public static (double Width, double Height) LegendSize(IReadOnlyList<string> names)
    {
        using var font = new SKFont(PictureFont.Regular, TickSize);
        float text = names.Max(name => font.MeasureText(LegendText(name)));
        return ((text + LegendSymbol + LegendSurround) / DataWidth, ((names.Count * LegendRow) + 40) / DataHeight);
    }

    /// <summary>A name, shortened if the legend would take the chart's room.</summary>
    public static string LegendText(string name) =>
        FittedText.Of(name, PictureFont.Regular, TickSize, LongestLegendText).Text;

    /// <summary>Puts the names of the series into a corner.</summary>
    public static void ShowLegend(Plot plot, Alignment corner)
    {
        plot.ShowLegend(corner);
        plot.Legend.FontName = PictureFont.Name;
        plot.Legend.FontSize = TickSize;
        plot.Legend.FontColor = Ink;
        plot.Legend.OutlineColor = Rule;
        plot.Legend.BackgroundColor = Colors.White.WithAlpha(0.9);
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.Padding = new PixelPadding(10, 8);
        plot.Legend.Margin = new PixelPadding(12);
        plot.Legend.SymbolWidth = LegendSymbol;
    }

    /// <summary>Says in the middle of an empty chart that there is nothing to show.</summary>
    public static void ShowNothing(Plot plot)
    {
        const string Text = "nothing to show yet";
        LabelStyle label = plot.Add.Annotation(Text, Alignment.MiddleCenter).LabelStyle;
        Style(label, Text, PictureFont.Regular, LabelSize, DataWidth);
        label.BackgroundColor = Colors.Transparent;
        label.BorderWidth = 0;
        label.ShadowColor = Colors.Transparent;
        plot.HideGrid();
        plot.Axes.Bottom.SetTicks([], []);
        plot.Axes.Left.SetTicks([], []);
    }

    /// <summary>Draws the chart into a PNG file.</summary>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Save(Plot plot, string path)
    {
        byte[] png = plot.GetImageBytes(Width, Height, ImageFormat.Png);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    private static void Style(LabelStyle label, string text, SKTypeface typeface, int size, float width)
    {
        var fitted = FittedText.Of(text, typeface, size, width);
        label.Text = fitted.Text;
        label.FontSize = fitted.Size;
        label.FontName = PictureFont.Name;
        label.Bold = false;
        label.ForeColor = Ink;
    }
}
