using Sere.Data;
using Sere.Evaluation;
using Sere.Numerics;
using Xunit;

namespace Sere.Tests.Evaluation;

public sealed class PrincipalComponentDensityTests
{
    private const int Levels = 6;
    private const int Cells = 40;

    // Two values and one component: what the components leave is one direction, so that the covariance is that of the training
    // images and the uniform noise, whose density is written down here and integrated over each cell by its middles. Seen to
    // fail with: the trace left out, 1/12 left out of the variances, half a level of the mean lost, the unit not squared.
    [Fact]
    public void The_bound_of_two_values_is_the_mean_log_density_over_the_cell_of_their_levels()
    {
        NativeLibraries.EnsureLoaded();
        var training = Pairs(200, seed: 1);
        var density = PrincipalComponentDensity.Fit(training, Levels);
        var images = Pairs(30, seed: 2);
        double[] bounds = density.LogLikelihood(images);
        var normal = Normal2.OfDequantized(training);
        for (int image = 0; image < images.Count; image++)
        {
            var (log, mass) = normal.OverCell(Level(images, 2 * image), Level(images, (2 * image) + 1));
            Assert.Equal(log, bounds[image], 1e-3);
            Assert.True(bounds[image] < Math.Log(mass), "A bound is below the log-mass.");
            Assert.InRange(Math.Log(mass) - bounds[image], 0, 0.5);
        }

        // Over all cells of the plane the masses are those of a distribution, and of bounds at most that.
        double all = 0;
        double bounded = 0;
        for (int first = -30; first < 36; first++)
        {
            for (int second = -30; second < 36; second++)
            {
                var (log, mass) = normal.OverCell(first, second);
                all += mass;
                bounded += Math.Exp(log);
            }
        }

        Assert.Equal(1, all, 1e-3);
        Assert.InRange(bounded, 0.8, 1);
        Assert.Equal(2 + 3, density.Parameters);
    }

    // Three values, one component: the other two directions share the mean of their variances, whatever their axes.
    [Fact]
    public void Directions_without_a_component_have_their_mean_variance()
    {
        NativeLibraries.EnsureLoaded();
        var random = new Random(3);
        byte[] pixels = new byte[3 * 400];
        for (int i = 0; i < pixels.Length; i += 3)
        {
            pixels[i] = (byte)random.Next(100, 200);
            pixels[i + 1] = (byte)random.Next(120, 130);
            pixels[i + 2] = (byte)random.Next(50, 54);
        }

        // Without correlation but by chance; mirrored, there is none.
        var shape = new ImageShape(1, 1, 3);
        byte[] mirrored =
        [
            .. Enumerable.Range(0, 8).SelectMany(signs => pixels.Select((value, i) => (signs >> (i % 3) & 1) == 0
                ? value
                : (byte)((i % 3) switch { 0 => 300, 1 => 250, _ => 104 } - value))),
        ];
        var training = new ImageSet(shape, mirrored);
        double[] mean = [150, 125, 52];
        double[] variances =
        [
            .. Enumerable.Range(0, 3).Select(i =>
                Enumerable.Range(0, training.Count).Average(n => Math.Pow(mirrored[(3 * n) + i] - mean[i], 2)) + (1.0 / 12)),
        ];
        double noise = (variances[1] + variances[2]) / 2;
        double expected = -0.5 * ((3 * Math.Log(2 * Math.PI)) + Math.Log(variances[0]) + (2 * Math.Log(noise))
            + (((30 * 30) + (1.0 / 12)) / variances[0]) + (((5 * 5) + (1.0 / 12)) / noise) + (((2 * 2) + (1.0 / 12)) / noise));
        var density = PrincipalComponentDensity.Fit(training, levels: 256, number: 1);
        Assert.Equal(expected, Assert.Single(density.LogLikelihood(new ImageSet(shape, (byte[])[180, 120, 54]))), 1e-3);
        Assert.Equal(3 + 3 + 1, density.Parameters);
    }

    [Fact]
    public void Images_that_are_all_alike_have_the_density_of_the_uniform_noise()
    {
        NativeLibraries.EnsureLoaded();
        var shape = new ImageShape(1, 4, 4);
        byte[] level = [.. Enumerable.Repeat((byte)7, 16)];
        var density = PrincipalComponentDensity.Fit(new ImageSet(shape, [.. level, .. level, .. level]), levels: 256);
        double expected = -0.5 * 16 * (Math.Log(2 * Math.PI / 12) + 1);
        Assert.Equal(expected, Assert.Single(density.LogLikelihood(new ImageSet(shape, level))), 1e-6);
    }

    private static int Level(ImageSet images, int index) => (int)Math.Round(images.Values[index] * (Levels - 1));

    /// <summary>Two levels that go together, as values in 0..1.</summary>
    private static ImageSet Pairs(int count, int seed)
    {
        var random = new Random(seed);
        float[] values = new float[2 * count];
        for (int i = 0; i < count; i++)
        {
            int first = random.Next(Levels);
            int second = Math.Clamp(first + random.Next(-1, 2), 0, Levels - 1);
            values[2 * i] = (float)first / (Levels - 1);
            values[(2 * i) + 1] = (float)second / (Levels - 1);
        }

        return new ImageSet(new ImageShape(1, 1, 2), values);
    }

    /// <summary>A normal distribution of two values.</summary>
    private sealed record Normal2(double MeanX, double MeanY, double VarianceX, double VarianceY, double Covariance)
    {
        /// <summary>With the moments of x + u of images x and uniform u.</summary>
        public static Normal2 OfDequantized(ImageSet images)
        {
            double[] x = [.. Enumerable.Range(0, images.Count).Select(i => Level(images, 2 * i) + 0.5)];
            double[] y = [.. Enumerable.Range(0, images.Count).Select(i => Level(images, (2 * i) + 1) + 0.5)];
            double meanX = x.Average();
            double meanY = y.Average();
            return new Normal2(
                meanX,
                meanY,
                x.Average(value => Math.Pow(value - meanX, 2)) + (1.0 / 12),
                y.Average(value => Math.Pow(value - meanY, 2)) + (1.0 / 12),
                x.Zip(y, (first, second) => (first - meanX) * (second - meanY)).Average());
        }

        /// <summary>The mean of the log-density over the cell above two levels, and its mass.</summary>
        public (double MeanLog, double Mass) OverCell(int first, int second)
        {
            double sumOfLogs = 0;
            double sum = 0;
            for (int i = 0; i < Cells * Cells; i++)
            {
                double log = LogDensity(first + (((i / Cells) + 0.5) / Cells), second + (((i % Cells) + 0.5) / Cells));
                sumOfLogs += log;
                sum += Math.Exp(log);
            }

            return (sumOfLogs / (Cells * Cells), sum / (Cells * Cells));
        }

        private double LogDensity(double x, double y)
        {
            double determinant = (VarianceX * VarianceY) - (Covariance * Covariance);
            double dx = x - MeanX;
            double dy = y - MeanY;
            double squares = ((VarianceY * dx * dx) - (2 * Covariance * dx * dy) + (VarianceX * dy * dy)) / determinant;
            return -Math.Log(2 * Math.PI) - (0.5 * Math.Log(determinant)) - (0.5 * squares);
        }
    }
}
