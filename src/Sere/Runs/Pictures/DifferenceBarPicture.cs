using ScottPlot;
using ScottPlot.TickGenerators;

namespace Sere.Runs.Pictures;

/// <summary>A chart of how much several things differ from one of them: a horizontal bar for each, from the top down.</summary>
public static class DifferenceBarPicture
{
    // How many times as long as the others a bar may be before it is cut.
    private const double LongestRatio = 1.5;
    private const double Padding = 0.06;
    private const double LabelRoom = 0.14;
    private const int LongestName = 230;
    private const int NameSize = 14;

    /// <summary>
    /// Writes the chart as a PNG image of 900 x 560 pixels. Bars that may run out of it and are much longer than the
    /// others end at its edge, and the label of the axis says so.
    /// </summary>
    /// <param name="path">The file, written whole or not at all.</param>
    /// <param name="bars">The bars, from the top down.</param>
    /// <param name="xLabel">What the axis shows, with its unit.</param>
    /// <param name="title">What stands above the chart.</param>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<DifferenceBar> bars, string xLabel, string title)
    {
        ArgumentNullException.ThrowIfNull(bars);
        DifferenceBar[] shown = [.. bars.Where(bar => double.IsFinite(bar.Difference))];
        if (shown.Length == 0)
        {
            using Plot empty = Chart.Create(title, xLabel, "");
            Chart.ShowNothing(empty);
            Chart.Save(empty, path);
            return;
        }

        var (low, high, isCut) = Range(shown);
        using Plot plot = Chart.Create(title, xLabel + (isCut ? "; the longest bars go on" : ""), "");
        var ticks = new NumericManual();
        for (int i = 0; i < shown.Length; i++)
        {
            double place = shown.Length - i;
            AddBar(plot, shown[i], place, i, low);
            ticks.AddMajor(place, FittedText.Of(shown[i].Name, PictureFont.Regular, NameSize, LongestName).Text);
        }

        plot.Add.VerticalLine(0, width: 1, color: Chart.ColorOf(7));
        plot.Axes.Left.TickGenerator = ticks;
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Grid.YAxisStyle.IsVisible = false;
        plot.Axes.SetLimits(low, high, 0.4, shown.Length + 0.6);
        Chart.Save(plot, path);
    }

    private static (double Low, double High, bool IsCut) Range(IReadOnlyList<DifferenceBar> bars)
    {
        static double Reach(IEnumerable<DifferenceBar> some, int sign) =>
            some.Select(bar => Math.Max(0, (sign * bar.Difference) + Math.Max(0, bar.Error))).DefaultIfEmpty(0).Max();
        DifferenceBar[] kept = [.. bars.Where(bar => !bar.MayRunOut)];
        double wide = Math.Max(Math.Max(Reach(kept, -1), Reach(kept, 1)), 1e-3);
        bool isCut = kept.Length > 0 && Reach(bars, -1) > LongestRatio * wide;
        double low = -(isCut ? LongestRatio * wide : Reach(bars, -1));
        double high = Reach(bars, 1);
        double width = Math.Max(high - low, 1e-3);

        // Labels stand at the root of the bars, on the other side of zero.
        double left = bars.Any(bar => bar.Difference > 0) ? Math.Min(low, -LabelRoom * width) : low;
        double right = bars.Any(bar => bar.Difference <= 0) ? Math.Max(high, LabelRoom * width) : high;
        return (isCut ? low : left - (Padding * width), right + (Padding * width), isCut);
    }

    private static void AddBar(Plot plot, DifferenceBar bar, double place, int index, double low)
    {
        var drawn = new Bar
        {
            Position = place,
            Value = Math.Max(bar.Difference, low),
            Size = 0.6,
            FillColor = Chart.ColorOf(index),
            LineWidth = 0,
            Orientation = Orientation.Horizontal,
        };
        ScottPlot.Plottables.BarPlot plotted = plot.Add.Bars(new[] { drawn });
        plotted.Horizontal = true;
        if (bar.Error > 0 && bar.Difference >= low)
        {
            AddError(plot, bar, place);
        }

        bool isLeft = bar.Difference > 0;
        ScottPlot.Plottables.Text label = plot.Add.Text(isLeft ? $"{bar.Label} " : $" {bar.Label}", 0, place);
        label.LabelFontName = PictureFont.Name;
        label.LabelFontSize = NameSize;
        label.LabelAlignment = isLeft ? Alignment.MiddleRight : Alignment.MiddleLeft;
    }

    private static void AddError(Plot plot, DifferenceBar bar, double place)
    {
        const double Cap = 0.12;
        double left = bar.Difference - bar.Error;
        double right = bar.Difference + bar.Error;
        foreach (var line in new[]
        {
            plot.Add.Line(left, place, right, place),
            plot.Add.Line(left, place - Cap, left, place + Cap),
            plot.Add.Line(right, place - Cap, right, place + Cap),
        })
        {
            line.Color = Chart.InkColor;
            line.LineWidth = 1.5f;
            line.MarkerSize = 0;
        }
    }
}

/// <summary>A bar of a <see cref="DifferenceBarPicture"/>.</summary>
/// <param name="Name">What stands beside the bar.</param>
/// <param name="Difference">Its length, to the right or, where it is negative, to the left of zero.</param>
/// <param name="Error">One standard error, drawn around its end.</param>
/// <param name="Label">What stands at its root, such as the value itself.</param>
/// <param name="MayRunOut">Whether it may run out of the chart where it would press the other bars flat.</param>
public sealed record DifferenceBar(string Name, double Difference, double Error, string Label, bool MayRunOut = false);
