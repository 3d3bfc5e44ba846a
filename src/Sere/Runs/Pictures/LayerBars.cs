using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Sere.Runs.Pictures;

/// <summary>A chart of a figure in nats of each layer or block, a bar for each of them and each series.</summary>
internal static class LayerBars
{
    // The part of a layer's width that its bars fill.
    private const double GroupWidth = 0.8;
    private const int MostTicks = 32;

    /// <summary>
    /// Writes the chart as a PNG image of 900 x 560 pixels: the layers from left to right, a bar for each series. The
    /// legend gives the sum over the layers.
    /// </summary>
    /// <param name="path">The file, written whole or not at all.</param>
    /// <param name="series">The series, in the order of the legend; they may differ in their number of layers.</param>
    /// <param name="title">What stands above the chart.</param>
    /// <param name="xLabel">What a place on the horizontal axis is.</param>
    /// <param name="yLabel">What the bars show.</param>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(
        string path,
        IReadOnlyList<(string Name, IReadOnlyList<double> Values)> series,
        string title,
        string xLabel,
        string yLabel)
    {
        ArgumentNullException.ThrowIfNull(series);
        using Plot plot = Chart.Create(title, xLabel, yLabel);
        int layers = series.Count == 0 ? 0 : series.Max(one => one.Values.Count);
        if (layers == 0)
        {
            Chart.ShowNothing(plot);
            Chart.Save(plot, path);
            return;
        }

        for (int i = 0; i < series.Count; i++)
        {
            AddBars(plot, i, series);
        }

        double[] finite = [0, .. series.SelectMany(one => one.Values).Where(double.IsFinite)];
        double bottom = finite.Min() < 0 ? finite.Min() * 1.05 : 0;
        // The bars leave the legend its room above them.
        double legendHeight = Math.Min(Chart.LegendSize([.. series.Select(LegendText)]).Height, 0.5);
        double top = bottom + (Math.Max(finite.Max() - bottom, 1e-3) / (1 - legendHeight));
        plot.Axes.SetLimits(0.4, layers + 0.6, bottom, top);
        plot.Grid.XAxisStyle.IsVisible = false;
        plot.Axes.Bottom.TickGenerator = LayerTicks(layers);
        plot.Axes.Bottom.MajorTickStyle.Length = 0;
        Chart.ShowLegend(plot, Alignment.UpperRight);
        Chart.Save(plot, path);
    }

    private static void AddBars(Plot plot, int index, IReadOnlyList<(string Name, IReadOnlyList<double> Values)> series)
    {
        double width = GroupWidth / series.Count;
        IReadOnlyList<double> values = series[index].Values;
        double offset = (index + 0.5 - (series.Count / 2.0)) * width;
        Bar[] shown =
        [
            .. Enumerable.Range(0, values.Count)
                .Where(layer => double.IsFinite(values[layer]))
                .Select(layer => new Bar
                {
                    Position = layer + 1 + offset,
                    Value = values[layer],
                    Size = width * 0.94,
                    FillColor = Chart.ColorOf(index),
                    LineWidth = 0,
                }),
        ];
        ScottPlot.Plottables.BarPlot bars = plot.Add.Bars(shown);
        bars.LegendText = Chart.LegendText(LegendText(series[index]));
        bars.Color = Chart.ColorOf(index);
    }

    private static string LegendText((string Name, IReadOnlyList<double> Values) series) =>
        $"{series.Name}: {series.Values.Sum().ToString("0.00", CultureInfo.InvariantCulture)} nats in all";

    private static NumericManual LayerTicks(int layers)
    {
        int step = (layers + MostTicks - 1) / MostTicks;
        var ticks = new NumericManual();
        for (int layer = 1; layer <= layers; layer += step)
        {
            ticks.AddMajor(layer, layer.ToString(CultureInfo.InvariantCulture));
        }

        return ticks;
    }
}

/// <summary>A chart of how much each layer of a hierarchy says: its KL divergence in nats (Figure S8 of the paper).</summary>
public static class KlPerLayerPicture
{
    /// <summary>
    /// Writes the chart as a PNG image of 900 x 560 pixels: the layers from left to right, a bar for each series. The
    /// legend gives the sum over the layers.
    /// </summary>
    /// <param name="path">The file, written whole or not at all.</param>
    /// <param name="series">The series, in the order of the legend; they may differ in their number of layers.</param>
    /// <param name="title">What stands above the chart.</param>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<KlSeries> series, string title = "KL divergence per layer")
    {
        ArgumentNullException.ThrowIfNull(series);
        LayerBars.Write(path, [.. series.Select(one => (one.Name, one.KlPerLayer))], title, "layer", "KL (nats)");
    }
}

/// <summary>One group of bars of a <see cref="KlPerLayerPicture"/>.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="KlPerLayer">The KL divergence of the layers 1 to L in nats.</param>
public sealed record KlSeries(string Name, IReadOnlyList<double> KlPerLayer);

/// <summary>
/// A chart of what the residual data layer adds to each block's log-likelihood over gamma1 alone (Figure S7 of the paper).
/// </summary>
public static class ResidualGainPicture
{
    /// <summary>Writes the chart as a PNG image of 900 x 560 pixels: the blocks from left to right. The legend gives the sum.</summary>
    /// <param name="path">The file, written whole or not at all.</param>
    /// <param name="name">The model.</param>
    /// <param name="gainPerBlock">Nats per image of each block.</param>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(string path, string name, IReadOnlyList<double> gainPerBlock) => LayerBars.Write(
        path, [(name, gainPerBlock)], "Gain of the residual data layer over gamma1 alone", "block", "gain (nats per image)");
}
