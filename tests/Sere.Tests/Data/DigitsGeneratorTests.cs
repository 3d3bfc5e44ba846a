using System.Security.Cryptography;
using Sere.Data;
using Xunit;

namespace Sere.Tests.Data;

public sealed class DigitsGeneratorTests
{
    private const string Digest = "7e0d6a94c78f1a2655cf233b0ae01ac7c78528c62e0305b756391d72b545e3fa";

    private static readonly ImageSet Train = DigitsGenerator.GenerateTrain(3000);
    private static readonly ImageSet Test = DigitsGenerator.GenerateTest(1000);

    /// <summary>
    /// The pixels and labels are part of every published figure on "digits". A change of this digest is a change of the
    /// data set: it makes all earlier figures void.
    /// </summary>
    [Fact]
    public void The_first_images_are_the_same_bytes_on_every_machine()
    {
        ImageSet train = Train.Slice(0, 1000);
        byte[] bytes = [.. train.Pixels, .. train.Labels!, .. Test.Pixels, .. Test.Labels!];
        Assert.Equal(Digest, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(250)]
    public void A_shorter_set_is_the_beginning_of_a_longer_one(int count)
    {
        ImageSet shorter = DigitsGenerator.GenerateTrain(count);
        ImageSet beginning = Train.Slice(0, count);
        Assert.Equal(beginning.Pixels, shorter.Pixels);
        Assert.Equal(beginning.Labels, shorter.Labels);
    }

    [Fact]
    public void Every_digit_is_drawn_equally_often()
    {
        Assert.All(Train.Labels!.CountBy(label => label), pair => Assert.Equal(300, pair.Value));
        Assert.Equal(10, Train.Labels!.Distinct().Count());
    }

    [Fact]
    public void Digits_do_not_come_in_a_fixed_order() =>
        Assert.NotEqual(Train.Labels![..10], Train.Labels![10..20]);

    [Fact]
    public void No_two_images_are_equal_within_or_across_the_splits()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (ImageSet images in new[] { Train, Test, DigitsGenerator.GenerateTrain(100, seed: 2) })
        {
            for (int i = 0; i < images.Count; i++)
            {
                Assert.True(seen.Add(Convert.ToBase64String(Image(images, i))));
            }
        }
    }

    [Fact]
    public void Each_image_has_ink_of_a_pen_with_grey_edges()
    {
        for (int i = 0; i < Train.Count; i++)
        {
            byte[] image = Image(Train, i);
            Assert.InRange(image.Average(value => value / 255.0), 0.02, 0.35);
            Assert.InRange(image.Max(), 200, 255);
            Assert.Contains(image, value => value is > 50 and < 200);
        }
    }

    [Fact]
    public void The_labels_say_what_is_drawn()
    {
        double[][] means = [.. Enumerable.Range(0, 10).Select(_ => new double[Train.Shape.Dimensions])];
        for (int i = 0; i < Train.Count; i++)
        {
            byte[] image = Image(Train, i);
            double[] mean = means[Train.Labels![i]];
            for (int d = 0; d < image.Length; d++)
            {
                mean[d] += image[d] / (Train.Count / 10.0);
            }
        }

        int right = 0;
        for (int i = 0; i < Test.Count; i++)
        {
            byte[] image = Image(Test, i);
            double[] distances = Array.ConvertAll(means, mean => SquaredDistance(mean, image));
            right += Array.IndexOf(distances, distances.Min()) == Test.Labels![i] ? 1 : 0;
        }

        // The nearest class mean is a weak classifier: about 0.82 on handwritten digits, 0.1 by chance.
        Assert.InRange(right / (double)Test.Count, 0.65, 0.99);
    }

    private static double SquaredDistance(double[] mean, byte[] image)
    {
        double sum = 0;
        for (int d = 0; d < image.Length; d++)
        {
            sum += (mean[d] - image[d]) * (mean[d] - image[d]);
        }

        return sum;
    }

    private static byte[] Image(ImageSet images, int index) => images.Slice(index, 1).Pixels;
}
