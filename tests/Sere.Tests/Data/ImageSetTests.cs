using Sere.Data;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Data;

public sealed class ImageSetTests
{
    private static ImageSet Three() =>
        new(new ImageShape(1, 1, 2), [0, 255, 51, 0, 102, 0], [7, 8, 9], ["a.png", "b.png", "c.png"]);

    [Fact]
    public void A_shape_prints_as_channels_height_width() =>
        Assert.Equal("3x28x32", new ImageShape(3, 28, 32).ToString());

    [Fact]
    public void A_slice_holds_the_asked_images_with_labels_and_names()
    {
        ImageSet slice = Three().Slice(1, 2);
        Assert.Equal(2, slice.Count);
        Assert.Equal([51, 0, 102, 0], slice.Pixels);
        Assert.Equal([8, 9], slice.Labels!);
        Assert.Equal(["b.png", "c.png"], slice.Names!);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 4)]
    [InlineData(3, 1)]
    [InlineData(1, -1)]
    [InlineData(2, int.MaxValue)]
    public void A_slice_beyond_the_images_is_refused(int start, int count) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Three().Slice(start, count));

    [Fact]
    public void Images_are_selected_in_the_asked_order()
    {
        ImageSet selected = Three().Select([2, 0]);
        Assert.Equal([102, 0, 0, 255], selected.Pixels);
        Assert.Equal([9, 7], selected.Labels!);
        Assert.Equal(["c.png", "a.png"], selected.Names!);
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        var shape = new ImageShape(1, 1, 2);
        Assert.Throws<ArgumentException>(() => new ImageSet(shape, new byte[3]));
        Assert.Throws<ArgumentException>(() => new ImageSet(shape, new byte[4], labels: new byte[1]));
        Assert.Throws<ArgumentException>(() => new ImageSet(shape, new byte[4], names: ["a.png"]));
        Assert.Throws<ArgumentException>(() => new ImageSet(new ImageShape(1, 0, 2), Array.Empty<byte>()));
    }

    [Fact]
    public void Real_values_are_kept_sliced_chosen_and_averaged()
    {
        var images = new ImageSet(new ImageShape(1, 1, 2), [1f, 2, 3, 4, 5, 9], labels: [7, 8, 9]);
        Assert.True(images.IsReal);
        Assert.Throws<InvalidOperationException>(() => images.Pixels);
        Assert.Throws<InvalidOperationException>(() => Three().Values);
        Assert.Equal([3, 4], images.Slice(1, 1).Values);
        Assert.Equal([5, 9, 1, 2], images.Select([2, 0]).Values);
        Assert.Equal([9, 7], images.Select([2, 0]).Labels!);
        Assert.Equal(new ValueRange(1, 9), ValueRange.Of(images));
        Assert.Null(ValueRange.Of(Three()));
        using torch.Tensor mean = images.Mean();
        Assert.Equal([3f, 5f], mean.data<float>().ToArray());
        using torch.Tensor tensor = images.ToTensor();
        Assert.Equal(torch.ScalarType.Float32, tensor.dtype);
    }

    [Fact]
    public void The_tensor_holds_a_copy_of_the_bytes()
    {
        ImageSet images = Three();
        using torch.Tensor tensor = images.ToTensor();
        Assert.Equal(torch.uint8, tensor.dtype);
        Assert.Equal([3, 2], tensor.shape);
        Assert.Equal(images.Pixels, tensor.data<byte>().ToArray());
        images.Pixels[0] = 99;
        Assert.Equal(0, tensor[0, 0].item<byte>());
    }

    [Fact]
    public void An_empty_set_is_a_tensor_without_rows()
    {
        using torch.Tensor tensor = Three().Slice(0, 0).ToTensor();
        Assert.Equal([0, 2], tensor.shape);
    }

    [Fact]
    public void The_mean_grey_of_each_pixel_lies_between_0_and_1()
    {
        using torch.Tensor mean = Three().Mean();
        Assert.Equal(torch.float32, mean.dtype);
        Assert.Equal([0.2f, 1f / 3], mean.data<float>().ToArray());
    }

    [Fact]
    public void Sets_of_bytes_and_of_real_values_are_joined_with_labels_and_names_where_all_have_them()
    {
        var shape = new ImageShape(1, 1, 2);
        var bytes = ImageSet.Join([new(shape, [1, 2], [7], ["a"]), new(shape, [3, 4, 5, 6], [8, 9])]);
        Assert.Equal([1, 2, 3, 4, 5, 6], bytes.Pixels);
        Assert.Equal([7, 8, 9], bytes.Labels!);
        Assert.Null(bytes.Names);
        var values = ImageSet.Join([new(shape, [1f, 2f], names: ["a"]), new(shape, [3f, 4f], names: ["b"])]);
        Assert.Equal([1f, 2f, 3f, 4f], values.Values);
        Assert.Equal(["a", "b"], values.Names!);
        Assert.Null(values.Labels);
    }
}
