using Sere.Data;
using Xunit;

namespace Sere.Tests.Data;

public sealed class DatasetSplitsTests
{
    [Fact]
    public void Bytes_and_real_values_do_not_make_one_data_set()
    {
        var shape = new ImageShape(1, 1, 1);
        string message = Assert.Throws<SereException>(() => DatasetSplits.FromTrainingImages(
            "mixed", new ImageSet(shape, new byte[3]), new ImageSet(shape, new float[3]), 1)).Message;
        Assert.Contains("'mixed'", message);
    }

    [Fact]
    public void The_digest_tells_one_changed_pixel_another_division_and_another_kind_of_value()
    {
        var shape = new ImageShape(1, 1, 1);
        DatasetSplits Of(byte[] train, byte[] test) => new("x", new(shape, train), new(shape, [5]), new(shape, test));
        string digest = Of([1, 2], [3]).Digest();
        Assert.Equal(digest, (Of([1, 2], [3]) with { Name = "y" }).Digest());
        Assert.NotEqual(digest, Of([1, 2], [4]).Digest());
        Assert.NotEqual(digest, Of([1, 3], [3]).Digest());
        Assert.NotEqual(digest, Of([1], [2, 3]).Digest());
        Assert.NotEqual(
            new DatasetSplits("x", new(shape, new float[1]), new(shape, [5]), new(shape, [3])).Digest(),
            new DatasetSplits("x", new(shape, new byte[4]), new(shape, [5]), new(shape, [3])).Digest());
    }

    private static readonly ImageShape Shape = new(1, 1, 1);

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public void Validation_images_are_the_last_training_images(int validationImages)
    {
        var all = new ImageSet(Shape, [10, 11, 12, 13, 14], [0, 1, 2, 3, 4]);
        var test = new ImageSet(Shape, [20]);
        DatasetSplits splits = DatasetSplits.FromTrainingImages("tiny", all, test, validationImages);
        Assert.Equal(all.Pixels[..^validationImages], splits.Train.Pixels);
        Assert.Equal(all.Pixels[^validationImages..], splits.Validation.Pixels);
        Assert.Equal(all.Labels![^validationImages..], splits.Validation.Labels);
        Assert.Same(test, splits.Test);
    }

    [Fact]
    public void The_first_training_images_alone_leave_validation_and_test_as_they_are()
    {
        var all = new ImageSet(Shape, [10, 11, 12, 13, 14]);
        DatasetSplits whole = DatasetSplits.FromTrainingImages("tiny", all, all, 2);
        Assert.Same(whole, whole.WithTrainingImages(null));
        DatasetSplits splits = whole.WithTrainingImages(2);
        Assert.Equal([10, 11], splits.Train.Pixels);
        Assert.Equal([13, 14], splits.Validation.Pixels);
        Assert.Same(whole.Test, splits.Test);
        Assert.NotEqual(whole.Digest(), splits.Digest());
        string message = Assert.Throws<UsageException>(() => whole.WithTrainingImages(4)).Message;
        Assert.Equal(
            "4 training images cannot be taken from the 3 of data set 'tiny' that are not for validation; set "
            + "dataset.trainingImages to a number from 1 to 3, or to null for all.",
            message);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(5)]
    [InlineData(int.MaxValue)]
    public void A_validation_split_that_does_not_fit_is_refused(int validationImages)
    {
        var all = new ImageSet(Shape, new byte[5]);
        string message = Assert.Throws<UsageException>(
            () => DatasetSplits.FromTrainingImages("tiny", all, all, validationImages)).Message;
        Assert.Contains("'tiny'", message);
        Assert.Contains("from 0 to 4", message);
    }

    [Fact]
    public void Splits_of_different_shapes_are_refused() =>
        Assert.Contains("1x2x1", Assert.Throws<SereException>(() => DatasetSplits.FromTrainingImages(
            "tiny", new ImageSet(Shape, new byte[4]), new ImageSet(new ImageShape(1, 2, 1), new byte[4]), 1)).Message);
}
