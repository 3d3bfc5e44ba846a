using Sere.Data;
using Sere.Evaluation;
using Xunit;

namespace Sere.Tests.Evaluation;

public sealed class ChannelLogisticMixtureTests
{
    private static readonly ImageShape Shape = new(3, 8, 8);

    // Values of two triangular humps, other ones in each channel: the mixture comes within 0.05 bits of their entropy, which
    // nothing can beat on average, and each image is the sum over its values. Seen to fail: with one component a channel, and
    // with channels that share a mixture.
    [Fact]
    public void The_fit_comes_near_the_entropy_of_the_values_of_each_channel()
    {
        var training = Images(1, 400);
        double[] counts = new double[3 * 256];
        int pixels = Shape.Height * Shape.Width;
        for (int i = 0; i < training.Pixels.Length; i++)
        {
            counts[((i / pixels % 3) * 256) + training.Pixels[i]]++;
        }

        double perChannel = training.Count * pixels;
        double entropy = -counts.Where(count => count > 0).Sum(count => count / perChannel * Math.Log2(count / perChannel)) / 3;
        double[] logLikelihood = ChannelLogisticMixture.LogLikelihood(training, training, 256);
        double bits = -logLikelihood.Average() / (Shape.Dimensions * Math.Log(2));
        Assert.InRange(bits, entropy, entropy + 0.05);
        Assert.True(entropy < 6.5);
    }

    [Fact]
    public void An_image_has_the_same_likelihood_in_whatever_company_and_the_fit_is_the_same_each_time()
    {
        var training = Images(1, 50);
        var images = Images(2, 6);
        double[] all = ChannelLogisticMixture.LogLikelihood(training, images, 256);
        Assert.Equal(all[2..4], ChannelLogisticMixture.LogLikelihood(training, images.Slice(2, 2), 256));
    }

    private static ImageSet Images(int seed, int count)
    {
        var random = new Random(seed);
        byte[] pixels = new byte[count * Shape.Dimensions];
        for (int i = 0; i < pixels.Length; i++)
        {
            int channel = i / (Shape.Height * Shape.Width) % 3;
            int hump = random.Next(2);
            pixels[i] = (byte)(20 + (30 * channel) + (110 * hump) + random.Next(20) + random.Next(20));
        }

        return new ImageSet(Shape, pixels);
    }
}
