namespace Sere.Runs.Pictures;

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
