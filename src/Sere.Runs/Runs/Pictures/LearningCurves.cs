using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Sere.Runs.Pictures;

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
