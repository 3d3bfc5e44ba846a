using System.Globalization;
using ScottPlot;
using ScottPlot.AxisPanels;
using ScottPlot.TickGenerators;
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

/// <summary>A chart of how figures change during training, one line each.</summary>
internal static class LearningCurves
{
    // Early values are cut off where all that comes later takes less than this part of the chart's height.
    private const double WorthwhileFraction = 0.6;
    private const double Margin = 0.05;

    /// <summary>
    /// Writes the chart. Where early values lie so far from the rest that they would press it flat, they run out of the
    /// chart and the label of the vertical axis says so.
    /// </summary>
    public static void Write(
        string path, IEnumerable<(string Name, (double X, double Y)[] Points)> curves, string xLabel, string yLabel, string title)
    {
        (string Name, (double X, double Y)[] Points)[] lines =
        [
            .. curves
                .Select(curve => (curve.Name, curve.Points.Where(at => double.IsFinite(at.X) && double.IsFinite(at.Y)).ToArray()))
                .Where(line => line.Item2.Length > 0),
        ];
        var (low, high, note) = Range(lines);
        using Plot plot = Chart.Create(title, xLabel, yLabel + note);
        foreach (var (index, (name, points)) in lines.Index())
        {
            var line = plot.Add.Scatter(
                Array.ConvertAll(points, at => at.X), Array.ConvertAll(points, at => at.Y), Chart.ColorOf(index));
            line.LegendText = Chart.Name(name);
            line.LineWidth = 2.5f;
            line.LinePattern = Chart.PatternOf(index);
            // Few points are worth seeing one by one; a single one has no line.
            line.MarkerSize = points.Length <= 30 ? 7 : 0;
        }

        bool isWhole = lines.All(line => line.Points.All(at => double.IsInteger(at.X)));
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { IntegerTicksOnly = isWhole };
        plot.Axes.AutoScale();
        if (lines.Length > 0)
        {
            double margin = high > low ? Margin * (high - low) : Math.Max(Margin * Math.Abs(high), 0.5);
            plot.Axes.SetLimitsY(low - margin, high + margin);
        }

        Chart.Save(plot, path);
    }

    /// <summary>The values that are shown: all, or those after the first fifth of each line, with a note of what is cut.</summary>
    internal static (double Low, double High, string Note) Range((string Name, (double X, double Y)[] Points)[] lines)
    {
        double[] all = [.. lines.SelectMany(line => line.Points.Select(at => at.Y))];
        double[] late = [.. lines.SelectMany(line => line.Points.Skip(line.Points.Length / 5).Select(at => at.Y))];
        if (all.Length == 0 || late.Max() - late.Min() is var shown && !(shown > 0 && shown < WorthwhileFraction * (all.Max() - all.Min())))
        {
            return (all.Order().FirstOrDefault(), all.OrderDescending().FirstOrDefault(), "");
        }

        string lowest = all.Min() < late.Min() ? Invariant($"lowest {all.Min():G4}") : "";
        string highest = all.Max() > late.Max() ? Invariant($"highest {all.Max():G4}") : "";
        return (late.Min(), late.Max(), $"; cut, {lowest}{(lowest.Length > 0 && highest.Length > 0 ? ", " : "")}{highest}");
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Charts of bars: of a figure of each layer or block, and of differences between models.</summary>
internal static class Bars
{
    private const int MostTicks = 32;

    // How many times as long as the others a bar may be before it is cut.
    private const double LongestRatio = 1.5;

    /// <summary>
    /// Writes a chart of a figure in nats of each layer or block: from left to right, a bar for each series. The legend
    /// gives the sum.
    /// </summary>
    public static void WriteLayers(
        string path, string name, IReadOnlyList<double> values, string title, string xLabel, string yLabel)
    {
        using Plot plot = Chart.Create(title, xLabel, yLabel);
        Bar[] bars =
        [
            .. values.Index().Where(layer => double.IsFinite(layer.Item)).Select(layer => new Bar
            {
                Position = layer.Index + 1,
                Value = layer.Item,
                FillColor = Chart.ColorOf(0),
                LineWidth = 0,
            }),
        ];
        if (bars.Length > 0)
        {
            var plotted = plot.Add.Bars(bars);
            plotted.Color = Chart.ColorOf(0);
            plotted.LegendText =
                Chart.Name($"{name}: {values.Sum().ToString("0.00", CultureInfo.InvariantCulture)} nats in all");
        }

        int step = (values.Count + MostTicks - 1) / MostTicks;
        plot.Axes.Bottom.TickGenerator = Ticks(
            Enumerable.Range(1, values.Count).Where(layer => (layer - 1) % step == 0).Select(layer => ((double)layer, $"{layer}")));
        plot.Axes.Bottom.MajorTickStyle.Length = 0;
        plot.Grid.XAxisStyle.IsVisible = false;
        plot.Axes.Margins(bottom: bars.Any(bar => bar.Value < 0) ? 0.05 : 0);
        Chart.Save(plot, path);
    }

    /// <summary>
    /// Writes a chart of how much several things differ from one of them, from the top down. Bars that may run out of
    /// it and are much longer than the others end at its edge, and the label of the axis says so.
    /// </summary>
    public static void WriteDifferences(
        string path,
        IEnumerable<(string Name, double Value, double Error, string Label, bool MayRunOut)> differences,
        string xLabel,
        string title)
    {
        (string Name, double Value, double Error, string Label, bool MayRunOut)[] shown =
            [.. differences.Where(bar => double.IsFinite(bar.Value))];
        double longest = LongestRatio * shown.Where(bar => !bar.MayRunOut).Select(bar => Math.Abs(bar.Value) + bar.Error)
            .DefaultIfEmpty(double.PositiveInfinity).Max();
        double edge = longest > 0 ? longest : double.PositiveInfinity;
        bool isCut = shown.Any(bar => bar.MayRunOut && Math.Abs(bar.Value) > edge);
        using Plot plot = Chart.Create(title, xLabel + (isCut ? "; the longest bars go on" : ""), "");
        foreach (var (index, bar) in shown.Index())
        {
            bool isWhole = !bar.MayRunOut || Math.Abs(bar.Value) <= edge;
            double place = shown.Length - index;
            var plotted = plot.Add.Bars(new[]
            {
                new Bar
                {
                    Position = place,
                    Value = isWhole ? bar.Value : Math.CopySign(edge, bar.Value),
                    Error = isWhole ? bar.Error : 0,
                    Size = 0.6,
                    FillColor = Chart.ColorOf(index),
                    LineWidth = 0,
                    Orientation = Orientation.Horizontal,
                },
            });
            plotted.Horizontal = true;
            // At the root of the bar, on the other side of zero.
            var label = plot.Add.Text($" {bar.Label} ", 0, place);
            label.LabelFontName = PictureFont.Name;
            label.LabelFontSize = 14;
            label.LabelAlignment = bar.Value > 0 ? Alignment.MiddleRight : Alignment.MiddleLeft;
        }

        if (shown.Length > 0)
        {
            plot.Add.VerticalLine(0, width: 1, color: Chart.Ink);
        }

        plot.Axes.Left.TickGenerator = Ticks(shown.Select((bar, index) => ((double)shown.Length - index, Chart.Name(bar.Name))));
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Grid.YAxisStyle.IsVisible = false;
        // The labels at zero need room on both sides.
        plot.Axes.Margins(horizontal: 0.16);
        Chart.Save(plot, path);
    }

    private static NumericManual Ticks(IEnumerable<(double Place, string Label)> labels)
    {
        var ticks = new NumericManual();
        foreach (var (place, label) in labels)
        {
            ticks.AddMajor(place, label);
        }

        return ticks;
    }
}
