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

/// <summary>
/// The range of values that a chart of learning curves shows. The first epochs lie far from the rest and would press
/// it flat; they may run out of the chart, but no curve loses its end.
/// </summary>
/// <param name="Low">The lowest value shown.</param>
/// <param name="High">The highest value shown.</param>
/// <param name="Smallest">The smallest value of all curves.</param>
/// <param name="Largest">The largest value of all curves.</param>
internal sealed record CurveRange(double Low, double High, double Smallest, double Largest)
{
    // A value further than this many interquartile ranges from the middle half of its curve may be cut off.
    private const double FenceFactor = 3;

    // Cutting has to pay: the rest must gain this much room, or everything is shown.
    private const double WorthwhileFraction = 0.6;

    // A curve that is level but for a few points has no range of its own to show.
    private const double DegenerateFraction = 1e-9;

    // Below this many points quartiles mean nothing.
    private const int FewestPoints = 8;

    /// <summary>Whether some values lie below the range.</summary>
    public bool CutsLow => Low > Smallest;

    /// <summary>Whether some values lie above the range.</summary>
    public bool CutsHigh => High < Largest;

    /// <summary>What the label of the axis says about the cut; empty where nothing is cut.</summary>
    public string Note => (CutsLow, CutsHigh) switch
    {
        (true, true) => $", cut at {Rounded(Low)} and {Rounded(High)}",
        (true, false) => $", cut at {Rounded(Low)} (lowest {Rounded(Smallest)})",
        (false, true) => $", cut at {Rounded(High)} (highest {Rounded(Largest)})",
        _ => string.Empty,
    };

    /// <summary>The range of curves of finite values, none of them empty.</summary>
    public static CurveRange Of(IReadOnlyList<double[]> curves)
    {
        double smallest = curves.Min(curve => curve.Min());
        double largest = curves.Max(curve => curve.Max());
        double low = curves.Min(LowFence);
        double high = curves.Max(curve => -LowFence([.. curve.Select(value => -value)]));
        double shown = (high - low) / (largest - smallest);
        return shown is > DegenerateFraction and <= WorthwhileFraction
            ? new CurveRange(low, high, smallest, largest)
            : new CurveRange(smallest, largest, smallest, largest);
    }

    private static double LowFence(double[] curve)
    {
        double smallest = curve.Min();
        if (curve.Length < FewestPoints)
        {
            return smallest;
        }

        double[] sorted = [.. curve.Order()];
        double lower = sorted[sorted.Length / 4];
        double upper = sorted[sorted.Length * 3 / 4];
        double fence = lower - (FenceFactor * (upper - lower));
        return Math.Max(smallest, Math.Min(fence, curve[^1]));
    }

    // Four digits are enough to read, whatever the unit.
    private static string Rounded(double value)
    {
        int digitsBefore = value == 0 ? 1 : (int)Math.Floor(Math.Log10(Math.Abs(value))) + 1;
        return EvenTicks.Format(value, Math.Clamp(4 - digitsBefore, 0, 4));
    }
}

/// <summary>Ticks whose numbers all have the same decimals and a true minus sign.</summary>
internal sealed class EvenTicks : ITickGenerator
{
    private const int MostDecimals = 8;

    private readonly NumericAutomatic _generator;

    /// <summary>Ticks that are chosen anew whenever the range or the size of the axis changes.</summary>
    /// <param name="integersOnly">Whether only whole numbers get a tick.</param>
    public EvenTicks(bool integersOnly)
    {
        _generator = new NumericAutomatic { IntegerTicksOnly = integersOnly, TickDensity = 0.7 };
    }

    public Tick[] Ticks { get; private set; } = [];

    public int MaxTickCount
    {
        get => _generator.MaxTickCount;
        set => _generator.MaxTickCount = value;
    }

    public void Regenerate(CoordinateRange range, Edge edge, PixelLength size, Paint paint, LabelStyle labelStyle)
    {
        _generator.Regenerate(range, edge, size, paint, labelStyle);
        Tick[] major = [.. _generator.Ticks.Where(tick => tick.IsMajor)];
        int decimals = major.Length == 0 ? 0 : major.Max(tick => DecimalsOf(tick.Position));
        Ticks = [.. major.Select(tick => Tick.Major(tick.Position, Format(tick.Position, decimals)))];
    }

    /// <summary>A number with a true minus sign and groups of thousands.</summary>
    public static string Format(double value, int decimals)
    {
        // Adding 0 turns a negative zero into the plain one.
        string text = (Math.Round(value, decimals) + 0.0).ToString($"N{decimals}", CultureInfo.InvariantCulture);
        return text.Replace('-', '−');
    }

    /// <summary>How many decimals a number needs, as far as rounding errors let it be seen.</summary>
    private static int DecimalsOf(double value)
    {
        int decimals = 0;
        while (decimals < MostDecimals && Math.Abs(value - Math.Round(value, decimals)) > 1e-9 * Math.Abs(value))
        {
            decimals++;
        }

        return decimals;
    }
}

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

/// <summary>Finds the corner of a chart where a legend hides the least of its lines.</summary>
internal static class LegendCorner
{
    private static readonly (Alignment Corner, bool IsRight, bool IsTop)[] Corners =
    [
        (Alignment.LowerRight, true, false),
        (Alignment.UpperRight, true, true),
        (Alignment.UpperLeft, false, true),
        (Alignment.LowerLeft, false, false),
    ];

    /// <summary>The best corner.</summary>
    /// <param name="points">All points of the lines.</param>
    /// <param name="limits">What the chart shows.</param>
    /// <param name="width">The width of the legend as a part of the chart's.</param>
    /// <param name="height">The height of the legend as a part of the chart's.</param>
    public static Alignment Best(IReadOnlyList<Coordinates> points, AxisLimits limits, double width, double height)
    {
        return Corners.MinBy(corner => points.Count(point => IsInside(point, corner.IsRight, corner.IsTop))).Corner;

        bool IsInside(Coordinates point, bool isRight, bool isTop)
        {
            double x = (point.X - limits.Left) / (limits.Right - limits.Left);
            double y = (point.Y - limits.Bottom) / (limits.Top - limits.Bottom);
            return y is >= 0 and <= 1 && (isRight ? x >= 1 - width : x <= width) && (isTop ? y >= 1 - height : y <= height);
        }
    }
}

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
