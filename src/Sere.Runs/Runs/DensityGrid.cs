using ScottPlot;
using Sere.Data;
using Sere.Evaluation;
using Sere.Runs.Pictures;

namespace Sere.Runs;

/// <summary>A picture of the density of a model of vectors on the plane, over where its test data lies: the darker, the denser.</summary>
internal static class DensityGrid
{
    private const int Cells = 160;

    // The air around the data, as a part of its range.
    private const float Margin = 0.1f;

    /// <summary>Draws the density; nothing for a model that is not of two real dimensions.</summary>
    public static void Write(string path, TrainedModel model, ImageSet test, int importanceSamples)
    {
        if (model.Shape.Dimensions != 2 || !test.IsReal || test.Count == 0)
        {
            return;
        }

        var (left, right) = Range(test, 0);
        var (bottom, top) = Range(test, 1);
        float[] points = new float[2 * Cells * Cells];
        for (int cell = 0; cell < Cells * Cells; cell++)
        {
            var (row, column) = Math.DivRem(cell, Cells);
            points[2 * cell] = left + ((right - left) * (column + 0.5f) / Cells);
            points[(2 * cell) + 1] = top - ((top - bottom) * (row + 0.5f) / Cells);
        }

        double[] logLikelihood = model.Score(
            new ImageSet(model.Shape, points),
            new EvaluationOptions { ImportanceSamples = model.Model.NoiseSize == 0 ? 1 : importanceSamples }).LogLikelihood;
        double[,] density = new double[Cells, Cells];
        for (int cell = 0; cell < Cells * Cells; cell++)
        {
            double value = Math.Exp(logLikelihood[cell]);
            density[cell / Cells, cell % Cells] = double.IsFinite(value) ? value : 0;
        }

        using Plot plot = Chart.Create($"density of {model.Configuration.Name}", "x", "y");
        var map = plot.Add.Heatmap(density);
        map.Extent = new CoordinateRect(left, right, bottom, top);
        map.Colormap = new ScottPlot.Colormaps.Blues().Reversed();
        plot.Add.ColorBar(map);
        plot.HideGrid();
        plot.Axes.SetLimits(left, right, bottom, top);
        Chart.Save(plot, path);
    }

    private static (float Low, float High) Range(ImageSet images, int dimension)
    {
        float[] values = [.. images.Values.Where((_, index) => index % 2 == dimension)];
        float margin = Math.Max(Margin * (values.Max() - values.Min()), 1e-3f);
        return (values.Min() - margin, values.Max() + margin);
    }
}
