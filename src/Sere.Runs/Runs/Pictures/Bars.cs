using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Sere.Runs.Pictures;

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
