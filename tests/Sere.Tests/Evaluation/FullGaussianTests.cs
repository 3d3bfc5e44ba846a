using Sere.Data;
using Sere.Evaluation;
using Xunit;

namespace Sere.Tests.Evaluation;

public sealed class FullGaussianTests
{
    // Two pixels that say the same: a covariance knows it, and independent dimensions do not. The trivial density of the
    // pixels is even, 0 nats in the data, and in logit space that minus the log-determinant.
    [Fact]
    public void A_covariance_gains_where_pixels_depend_on_each_other()
    {
        double[] together = Score((level, _) => level);
        double[] apart = Score((_, other) => other);
        Assert.All(together, value => Assert.True(double.IsFinite(value)));
        Assert.InRange(together.Average() - apart.Average(), 1, 5);
    }

    [Fact]
    public void An_image_is_scored_alike_in_any_company()
    {
        var images = Images(30, 2, (level, other) => other);
        var training = Images(200, 1, (level, other) => other);
        double[] all = FullGaussian.LogLikelihood(training, images, images, BinarizationRule.Dequantized, 0.05, 1);
        double[] few = FullGaussian.LogLikelihood(training, images, images.Slice(0, 4), BinarizationRule.Dequantized, 0.05, 1);
        Assert.Equal(all[..4], few, (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Fact]
    public void A_dimension_that_is_constant_has_no_normal_distribution()
    {
        var constant = new ImageSet(new ImageShape(1, 1, 2), [.. Enumerable.Range(0, 200).Select(i => i % 2 == 0 ? 0.5f : i / 200f)]);
        var error = Assert.Throws<SereException>(
            () => FullGaussian.LogLikelihood(constant, constant, constant, BinarizationRule.None, 0.05, 1));
        Assert.Contains("full-gaussian", error.Message, StringComparison.Ordinal);
    }

    private static double[] Score(Func<byte, byte, byte> second) => FullGaussian.LogLikelihood(
        Images(2000, 1, second), Images(200, 2, second), Images(200, 3, second), BinarizationRule.Dequantized, 0.05, 1);

    private static ImageSet Images(int count, long seed, Func<byte, byte, byte> second)
    {
        var random = new IntegerRandom((ulong)seed);
        byte[] pixels = new byte[2 * count];
        for (int i = 0; i < count; i++)
        {
            byte level = (byte)random.NextBelow(256);
            pixels[2 * i] = level;
            pixels[(2 * i) + 1] = second(level, (byte)random.NextBelow(256));
        }

        return new ImageSet(new ImageShape(1, 1, 2), pixels);
    }
}
