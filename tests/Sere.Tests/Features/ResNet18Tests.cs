using Sere.Data;
using Sere.Features;
using Xunit;

namespace Sere.Tests.Features;

public sealed class ResNet18Tests
{
    private static readonly ResNet18Layer[] All = [ResNet18Layer.Places28, ResNet18Layer.Places14, ResNet18Layer.Pooled];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_features_of_an_image_depend_on_no_other_image_and_on_no_number_of_threads()
    {
        var images = Colours(3, 40, 50);
        using var network = new ResNet18(threads: 3);
        using var alone = new ResNet18(threads: 1);
        var features = network.Extract(images, All, cancellation: Token);
        for (int layer = 0; layer < All.Length; layer++)
        {
            Assert.Equal(
                features[layer].Slice(1, 1).Values, alone.Extract(images.Slice(1, 1), [All[layer]], cancellation: Token)[0].Values);
        }
    }

    // The mean of each layer of one image, computed apart from ONNX Runtime: its convolutions one by one in PyTorch.
    [Fact]
    public void The_features_are_those_of_the_network()
    {
        using var network = new ResNet18(threads: 1);
        var features = network.Extract(Colours(1, 224, 224), All, cancellation: Token);
        double[] means = [1.10382, 0.79953, 0.94660];
        Assert.All(means.Zip(features), pair => Assert.Equal(pair.First, pair.Second.Values.Average(value => (double)value), 1e-4));
    }

    [Fact]
    public void Features_have_the_labels_and_names_of_their_images()
    {
        using var network = new ResNet18();
        var images = new ImageSet(new ImageShape(1, 8, 8), new byte[128], [3, 4], ["a.png", "b.png"]);
        var features = network.Extract(images, All, cancellation: Token);
        Assert.Equal(
            [new ImageShape(128, 28, 28), new ImageShape(256, 14, 14), new ImageShape(1, 1, 512)],
            features.Select(values => values.Shape));
        Assert.All(features, values => Assert.Equal([3, 4], values.Labels!));
        Assert.All(features, values => Assert.Equal(["a.png", "b.png"], values.Names!));
    }

    [Fact]
    public void A_grey_image_is_one_of_three_equal_planes()
    {
        using var network = new ResNet18(threads: 1);
        var grey = new ImageSet(new ImageShape(1, 30, 20), Colours(1, 30, 20).Pixels[..600]);
        var colour = new ImageSet(new ImageShape(3, 30, 20), [.. grey.Pixels, .. grey.Pixels, .. grey.Pixels]);
        Assert.Equal(
            network.Extract(colour, [ResNet18Layer.Pooled], cancellation: Token)[0].Values, network.Extract(grey, [ResNet18Layer.Pooled], cancellation: Token)[0].Values);
    }

    [Fact]
    public void Real_values_are_refused()
    {
        using var network = new ResNet18(threads: 1);
        var error = Assert.Throws<SereException>(
            () => network.Extract(new ImageSet(new ImageShape(1, 2, 2), new float[4]), All, cancellation: Token));
        Assert.Contains("real values", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Images of a smooth pattern that differs in its colours and from image to image.</summary>
    private static ImageSet Colours(int count, int height, int width)
    {
        var shape = new ImageShape(3, height, width);
        byte[] pixels = new byte[count * shape.Dimensions];
        for (int i = 0; i < pixels.Length; i++)
        {
            (int plane, int place) = Math.DivRem(i, height * width);
            (int row, int column) = Math.DivRem(place, width);
            pixels[i] = (byte)(((plane + 1) * (row + (2 * column)) + (40 * plane)) % 256);
        }

        return new ImageSet(shape, pixels);
    }
}
