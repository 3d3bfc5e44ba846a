using TorchSharp;

namespace Sere.Evaluation;

/// <summary>Means over square windows of a plane of H x W values.</summary>
internal static class WindowMeans
{
    /// <summary>The smallest and the largest mean over all windows of a side, which a smaller image cuts to its own.</summary>
    /// <param name="plane">H W values, row by row.</param>
    /// <param name="width">W.</param>
    /// <param name="side">Pixels of a side of the window.</param>
    public static (double Smallest, double Largest) Extremes(ReadOnlySpan<float> plane, int width, int side)
    {
        int height = plane.Length / width;
        int stride = width + 1;
        double[] sums = new double[stride * (height + 1)];
        for (int row = 0; row < height; row++)
        {
            double sum = 0;
            for (int column = 0; column < width; column++)
            {
                sum += plane[(row * width) + column];
                sums[((row + 1) * stride) + column + 1] = sums[(row * stride) + column + 1] + sum;
            }
        }

        int rows = Math.Min(side, height);
        int columns = Math.Min(side, width);
        var (smallest, largest) = (double.PositiveInfinity, double.NegativeInfinity);
        for (int row = 0; row + rows <= height; row++)
        {
            int top = row * stride;
            int bottom = (row + rows) * stride;
            for (int column = 0; column + columns <= width; column++)
            {
                double mean = sums[bottom + column + columns] - sums[bottom + column] - sums[top + column + columns] + sums[top + column];
                smallest = Math.Min(smallest, mean);
                largest = Math.Max(largest, mean);
            }
        }

        return (smallest / (rows * columns), largest / (rows * columns));
    }

    /// <summary>The mean around each pixel, over windows that the edges cut.</summary>
    public static float[] Around(ReadOnlySpan<float> plane, int width, int side)
    {
        using var values = torch.tensor(plane.ToArray(), [1, 1, plane.Length / width, width]);
        using var means = torch.nn.functional.avg_pool2d(
            values, side, stride: 1, padding: side / 2, count_include_pad: false);
        return [.. means.data<float>()];
    }
}

/// <summary>
/// What normal images show at each place: mean and spread of the surprise of their pixels, smoothed over neighbours. Of a
/// surprise map it makes one in units of that spread, the same at a place where normal images differ and where they do not.
/// </summary>
/// <param name="Count">How many images they are of.</param>
/// <param name="Sum">The sum of their maps, [H W].</param>
/// <param name="SumOfSquares">The sum of the squares, [H W].</param>
/// <param name="Width">W.</param>
internal sealed record PlaceStatistics(int Count, float[] Sum, float[] SumOfSquares, int Width)
{
    private const int Smoothing = 5;

    // A place where normal images hardly differ must not make a strange one of sensor noise.
    private const double SmallestShare = 0.5;
    private (float[] Mean, float[] Spread)? _moments;

    /// <summary>Of some maps of one size, at least two.</summary>
    public static PlaceStatistics Of(IReadOnlyList<float[]> maps, int width)
    {
        float[] sum = new float[maps[0].Length];
        float[] squares = new float[sum.Length];
        for (int place = 0; place < sum.Length; place++)
        {
            double total = 0;
            double square = 0;
            foreach (float[] map in maps)
            {
                total += map[place];
                square += (double)map[place] * map[place];
            }

            (sum[place], squares[place]) = ((float)total, (float)square);
        }

        return new PlaceStatistics(maps.Count, sum, squares, width);
    }

    /// <summary>The same without one of the images, which must not tell what is normal for itself.</summary>
    public PlaceStatistics Without(float[] map) => new(
        Count - 1,
        [.. Sum.Zip(map, (sum, value) => sum - value)],
        [.. SumOfSquares.Zip(map, (sum, value) => sum - (value * value))],
        Width);

    /// <summary>A map less the mean, in units of the spread, place by place.</summary>
    public float[] Standardize(float[] map)
    {
        var (mean, spread) = _moments ??= Moments();
        float[] standardized = new float[map.Length];
        for (int place = 0; place < map.Length; place++)
        {
            standardized[place] = (map[place] - mean[place]) / spread[place];
        }

        return standardized;
    }

    private (float[] Mean, float[] Spread) Moments()
    {
        float[] variance = new float[Sum.Length];
        for (int place = 0; place < variance.Length; place++)
        {
            double mean = (double)Sum[place] / Count;
            variance[place] = (float)Math.Max(0, ((double)SumOfSquares[place] / Count) - (mean * mean));
        }

        float[] spread = Array.ConvertAll(WindowMeans.Around(variance, Width, Smoothing), MathF.Sqrt);
        float floor = (float)Math.Max(SmallestShare * spread.Average(value => (double)value), float.Epsilon);
        return (
            Array.ConvertAll(WindowMeans.Around(Sum, Width, Smoothing), sum => sum / Count),
            Array.ConvertAll(spread, value => Math.Max(value, floor)));
    }
}
