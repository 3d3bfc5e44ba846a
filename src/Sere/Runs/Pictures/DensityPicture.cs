using ScottPlot;

namespace Sere.Runs.Pictures;

/// <summary>A picture of a density on the plane: the darker, the denser.</summary>
internal static class DensityPicture
{
    /// <summary>Writes the picture as a PNG image of 900 x 560 pixels.</summary>
    /// <param name="path">The file, written whole or not at all.</param>
    /// <param name="density">The density at the middle of each cell, by rows from the top and columns from the left.</param>
    /// <param name="left">The left edge of the plane that is shown.</param>
    /// <param name="right">The right edge.</param>
    /// <param name="bottom">The lower edge.</param>
    /// <param name="top">The upper edge.</param>
    /// <param name="title">What stands above the chart.</param>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(
        string path, double[,] density, double left, double right, double bottom, double top, string title)
    {
        ArgumentNullException.ThrowIfNull(density);
        using Plot plot = Chart.Create(title, "x", "y");
        var map = plot.Add.Heatmap(density);
        map.Extent = new CoordinateRect(left, right, bottom, top);
        map.Colormap = new ScottPlot.Colormaps.Blues().Reversed();
        plot.Add.ColorBar(map);
        plot.HideGrid();
        plot.Axes.SetLimits(left, right, bottom, top);
        Chart.Save(plot, path);
    }
}
