using Sere.Data;
using Sere.Evaluation;
using Sere.Numerics;
using Xunit;

namespace Sere.Tests.Evaluation;

public sealed class IndependentPixelsTests
{
    private static readonly ImageShape Shape = new(1, 2, 2);

    [Theory]
    [InlineData(BinarizationRule.Threshold)]
    [InlineData(BinarizationRule.Dynamic)]
    public void The_baseline_is_the_product_of_the_pixels_probabilities(BinarizationRule rule)
    {
        var training = new ImageSet(Shape, [0, 255, 51, 200, 0, 255, 153, 100]);
        double[] means = [0.001, 0.999, 0.4, 300 / 510.0];
        byte[] grey = [0, 255, 100, 200, 255, 0, 140, 20, 90, 128, 127, 128];
        var images = new ImageSet(Shape, grey);
        using var tensor = images.ToTensor();
        using var binary = Binarization.EvaluationImages(tensor, 0, rule, new RandomStreams(5));
        float[] x = binary.data<float>().ToArray();
        double[] expected =
        [
            .. Enumerable.Range(0, 3).Select(image => Enumerable.Range(0, 4).Sum(pixel =>
                Math.Log(x[(4 * image) + pixel] == 1 ? means[pixel] : 1 - means[pixel]))),
        ];
        double[] actual = IndependentPixels.LogLikelihood(training, images, rule, seed: 5);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    [Fact]
    public void An_image_is_scored_alike_whatever_the_number_of_images()
    {
        // More than the thousand images that are scored at once, each half grey, so that the draws tell them apart.
        var images = new ImageSet(Shape, [.. Enumerable.Repeat((byte)128, 1003 * Shape.Dimensions)]);
        var training = new ImageSet(Shape, [10, 60, 130, 220]);
        double[] all = IndependentPixels.LogLikelihood(training, images, BinarizationRule.Dynamic, seed: 2);
        double[] few = IndependentPixels.LogLikelihood(training, images.Slice(0, 1001), BinarizationRule.Dynamic, seed: 2);
        Assert.Equal(1003, all.Length);
        Assert.True(all.Distinct().Count() > 4);
        Assert.All(few.Zip(all), pair => Assert.Equal(pair.Second, pair.First, 1e-6));
    }
}
