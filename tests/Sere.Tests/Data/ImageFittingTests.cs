using Sere.Data;
using Xunit;

namespace Sere.Tests.Data;

public sealed class ImageFittingTests
{
    [Fact]
    public void Images_that_fit_are_left_as_they_are()
    {
        var images = new ImageSet(new ImageShape(1, 2, 2), new byte[8]);
        Assert.Same(images, ImageFitting.Fit(images, gray: true, new ImageShape(3, 2, 2), "here"));
        Assert.Same(images, ImageFitting.Fit(images, gray: false, resize: null, "here"));
    }

    [Fact]
    public void Each_image_is_resized_and_made_grey_and_keeps_its_label_and_name()
    {
        byte[] pixels = [.. Enumerable.Repeat((byte)100, 12), .. Enumerable.Repeat((byte)200, 12)];
        var images = new ImageSet(new ImageShape(3, 2, 2), pixels, [5, 6], ["a", "b"]);
        ImageSet fitted = ImageFitting.Fit(images, gray: true, new ImageShape(1, 3, 1), "here");
        Assert.Equal(new ImageShape(1, 3, 1), fitted.Shape);
        Assert.Equal([100, 100, 100, 200, 200, 200], fitted.Pixels);
        Assert.Equal([5, 6], fitted.Labels!);
        Assert.Equal(["a", "b"], fitted.Names!);
    }

    [Fact]
    public void Colour_becomes_the_luma()
    {
        var red = new ImageSet(new ImageShape(3, 1, 1), (byte[])[200, 0, 0]);
        Assert.Equal([60], ImageFitting.Fit(red, gray: true, resize: null, "here").Pixels);
    }

    [Fact]
    public void Sizes_that_cannot_be_had_and_images_that_become_too_many_are_refused()
    {
        var images = new ImageSet(new ImageShape(1, 2, 2), new byte[160]);
        Assert.Throws<UsageException>(() => ImageFitting.Fit(images, gray: false, new ImageShape(1, 60_000, 60_000), "here"));
        string message = Assert.Throws<SereException>(
            () => ImageFitting.Fit(images, gray: false, new ImageShape(1, 8000, 8000), "here")).Message;
        Assert.Contains("'here'", message);
    }

    [Fact]
    public void Real_values_are_not_touched()
    {
        var images = new ImageSet(new ImageShape(1, 2, 2), new float[4]);
        string message = Assert.Throws<SereException>(
            () => ImageFitting.Fit(images, gray: false, new ImageShape(1, 3, 3), "here")).Message;
        Assert.Contains("'here'", message);
    }
}
