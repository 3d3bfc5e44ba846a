using Sere.Data;
using Sere.Performance;
using Sere.Runs.Configuration;
using Xunit;

namespace Sere.Tests.Performance;

public sealed class BenchmarkImagesTests
{
    // Before, a flow of two dimensions was measured on drawn digits, with 784.
    [Theory]
    [InlineData("toy-spline-flow", "1x1x2")]
    [InlineData("mnist-mlp", "1x28x28")]
    [InlineData("cifar10-case1", "3x32x32")]
    [InlineData("cifar10-case1", "1x16x8", "dataset.gray=true", "dataset.resize={\"height\":16,\"width\":8}")]
    [InlineData("digits", "1x4x5", "dataset.name=npy:a.npy", "dataset.shape={\"channels\":1,\"height\":4,\"width\":5}")]
    public void A_preset_is_measured_on_images_of_its_shape(string preset, string shape, params string[] overrides)
    {
        ImageSet images = BenchmarkImages.For(ConfigurationOverrides.Apply(Presets.Load(preset), overrides), 7);
        Assert.Equal(shape, images.Shape.ToString());
        Assert.Equal(7, images.Count);
    }

    [Fact]
    public void Images_of_an_unknown_shape_are_asked_for_it() =>
        Assert.Contains(
            "dataset.shape",
            Assert.Throws<UsageException>(() => BenchmarkImages.For(
                ConfigurationOverrides.Apply(Presets.Load("digits"), ["dataset.name=npy:a.npy"]), 7)).Message,
            StringComparison.Ordinal);
}
