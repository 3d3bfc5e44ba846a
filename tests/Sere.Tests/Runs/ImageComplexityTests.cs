using Sere.Data;
using Sere.Runs;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class ImageComplexityTests
{
    private static readonly ImageShape Shape = new(1, 32, 32);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_plain_image_takes_less_than_a_pattern_and_noise_most(bool isBinary)
    {
        var random = new Random(1);
        double plain = ImageComplexity.Nats(Shape, new float[1024], isBinary);
        double pattern = ImageComplexity.Nats(Shape, [.. Enumerable.Range(0, 1024).Select(i => (i % 32) < 16 ? 1f : 0)], isBinary);
        double noise = ImageComplexity.Nats(Shape, [.. Enumerable.Range(0, 1024).Select(_ => (float)random.Next(2))], isBinary);
        Assert.True(plain < pattern && pattern < noise / 2, $"{plain} {pattern} {noise}");
    }

    [Fact]
    public void Noise_of_bits_takes_about_a_bit_a_pixel()
    {
        var random = new Random(2);
        float[] noise = [.. Enumerable.Range(0, 1024).Select(_ => (float)random.Next(2))];
        Assert.InRange(ImageComplexity.Nats(Shape, noise, isBinary: true) / Math.Log(2), 1010, 1130);
    }

    // One pixel costs log 2 at first; a second of the same context log(4/3), by the estimate of Krichevsky and Trofimov.
    [Fact]
    public void The_adaptive_code_is_the_estimate_of_Krichevsky_and_Trofimov() => Assert.Equal(
        Math.Log(2) + Math.Log(4 / 3.0),
        ImageComplexity.Nats(new ImageShape(1, 1, 2), [0, 0], isBinary: true),
        1e-12);

    [Fact]
    public void Colour_takes_more_than_grey()
    {
        var random = new Random(3);
        float[] grey = [.. Enumerable.Range(0, 1024).Select(_ => random.NextSingle())];
        float[] colour = [.. grey, .. grey.Select(_ => random.NextSingle()), .. grey.Select(_ => random.NextSingle())];
        Assert.True(ImageComplexity.Nats(new ImageShape(3, 32, 32), colour, isBinary: false)
            > 2 * ImageComplexity.Nats(Shape, grey, isBinary: false));
    }
}
