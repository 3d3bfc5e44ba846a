using ScottPlot;

namespace Sere.Runs.Pictures;

/// <summary>A chart of how figures change during training, one line each.</summary>
public static class LearningCurvePicture
{
    // The air between the outermost values and the edge, as a part of what is shown.
    private const double Margin = 0.05;
    private const double SideMargin = 0.02;

    /// <summary>
    /// Writes the chart as a PNG image of 900 x 560 pixels. Where early values lie so far from the rest that they would
    /// press it flat, they run out of the chart and the label of the vertical axis says so.
    /// </summary>
    /// <param name="path">The file, written whole or not at all.</param>
    /// <param name="curves">The lines, in the order of the legend.</param>
    /// <param name="xLabel">What the horizontal axis shows, such as "epoch".</param>
    /// <param name="yLabel">What the vertical axis shows, with its unit, such as "ELBO (nats)".</param>
    /// <param name="title">What stands above the chart.</param>
    /// <exception cref="ArgumentException">A curve has not as many X as Y.</exception>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(
        string path,
        IReadOnlyList<LearningCurve> curves,
        string xLabel,
        string yLabel,
        string title)
    {
        ArgumentNullException.ThrowIfNull(curves);
        (string Name, double[] X, double[] Y)[] lines = [.. curves.Select(Finite).Where(line => line.X.Length > 0)];
        if (lines.Length == 0)
        {
            using Plot empty = Chart.Create(title, xLabel, yLabel);
            Chart.ShowNothing(empty);
            Chart.Save(empty, path);
            return;
        }

        var range = CurveRange.Of([.. lines.Select(line => line.Y)]);
        using Plot plot = Chart.Create(title, xLabel, yLabel + range.Note);
        for (int i = 0; i < lines.Length; i++)
        {
            AddLine(plot, i, lines[i]);
        }

        bool isWhole = Array.TrueForAll(lines, line => Array.TrueForAll(line.X, double.IsInteger));
        plot.Axes.Bottom.TickGenerator = new EvenTicks(isWhole);
        (double left, double right) = Padded(lines.Min(line => line.X.Min()), lines.Max(line => line.X.Max()), SideMargin);
        (double bottom, double top) = Padded(range.Low, range.High, Margin);
        // A side that is cut ends where the label says it does.
        var limits = new AxisLimits(left, right, range.CutsLow ? range.Low : bottom, range.CutsHigh ? range.High : top);
        plot.Axes.SetLimits(limits);
        Coordinates[] points = [.. lines.SelectMany(line => line.X.Zip(line.Y, (x, y) => new Coordinates(x, y)))];
        (double width, double height) = Chart.LegendSize([.. lines.Select(line => line.Name)]);
        Chart.ShowLegend(plot, LegendCorner.Best(points, limits, width, height));
        Chart.Save(plot, path);
    }

    private static (string Name, double[] X, double[] Y) Finite(LearningCurve curve)
    {
        if (curve.X.Count != curve.Y.Count)
        {
            throw new ArgumentException(
                $"Curve '{curve.Name}' has {curve.X.Count} places for {curve.Y.Count} values.", nameof(curve));
        }

        int[] kept = [.. Enumerable.Range(0, curve.X.Count)
            .Where(i => double.IsFinite(curve.X[i]) && double.IsFinite(curve.Y[i]))];
        return (curve.Name, [.. kept.Select(i => curve.X[i])], [.. kept.Select(i => curve.Y[i])]);
    }

    private static void AddLine(Plot plot, int index, (string Name, double[] X, double[] Y) line)
    {
        ScottPlot.Plottables.Scatter scatter = plot.Add.Scatter(line.X, line.Y, Chart.ColorOf(index));
        scatter.LegendText = Chart.LegendText(line.Name);
        scatter.LineWidth = 2.5f;
        scatter.LinePattern = Chart.PatternOf(index);
        // Few points are worth seeing one by one; a single one has no line.
        scatter.MarkerSize = line.X.Length <= 30 ? 7 : 0;
    }

    private static (double Low, double High) Padded(double low, double high, double fraction)
    {
        double padding = high > low ? (high - low) * fraction : Math.Max(Math.Abs(high) * fraction, 0.5);
        return (low - padding, high + padding);
    }
}

/// <summary>One line of a <see cref="LearningCurvePicture"/>.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="X">Where the values were measured, such as epochs; as many as <paramref name="Y"/>.</param>
/// <param name="Y">The values. Those that are not finite are left out.</param>
public sealed record LearningCurve(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y);
