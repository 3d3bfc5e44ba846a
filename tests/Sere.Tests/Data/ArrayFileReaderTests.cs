using Sere.Data;
using Sere.Storage;
using Xunit;

namespace Sere.Tests.Data;

public sealed class ArrayFileReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(new[] { 2, 12 }, 1, 1, 12)]
    [InlineData(new[] { 2, 3, 4 }, 1, 3, 4)]
    [InlineData(new[] { 2, 4, 6, 3 }, 3, 4, 6)]
    [InlineData(new[] { 2, 4, 6, 1 }, 1, 4, 6)]
    [InlineData(new[] { 2, 3, 4, 6 }, 3, 4, 6)]
    public void The_sizes_of_an_array_say_what_it_holds(int[] sizes, int channels, int height, int width)
    {
        ImageSet images = Read(new NpyArray(new byte[sizes.Aggregate((a, b) => a * b)], sizes));
        Assert.Equal(new ImageShape(channels, height, width), images.Shape);
        Assert.Equal(2, images.Count);
    }

    [Theory]
    [InlineData(new[] { 6 })]
    [InlineData(new[] { 2, 3, 4, 3 })]
    [InlineData(new[] { 2, 5, 4, 2 })]
    [InlineData(new[] { 1, 1, 1, 1, 1 })]
    [InlineData(new[] { 0, 5 })]
    public void Sizes_that_say_nothing_are_refused(int[] sizes)
    {
        var array = new NpyArray(new byte[sizes.Aggregate((a, b) => a * b)], sizes);
        string message = Assert.Throws<SereException>(() => Read(array)).Message;
        Assert.Contains($"'{Path}'", message);
        Assert.Contains($"[{string.Join(", ", sizes)}]", message);
    }

    [Fact]
    public void Channels_that_come_last_become_planes()
    {
        byte[] interleaved = [10, 20, 30, 11, 21, 31, 12, 22, 32, 13, 23, 33];
        byte[] planes = [10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33];
        Assert.Equal(planes, Read(new NpyArray(interleaved, 1, 2, 2, 3)).Pixels);
        float[] real = Array.ConvertAll(interleaved, value => value / 8f);
        Assert.Equal(Array.ConvertAll(planes, value => value / 8f), Read(new NpyArray(real, 1, 2, 2, 3)).Values);
    }

    [Fact]
    public void Whole_numbers_are_bytes_and_what_is_only_0_or_1_is_black_and_white()
    {
        Assert.Equal([0, 7, 255], Read(new NpyArray((byte[])[0, 7, 255], 1, 3)).Pixels);
        Assert.Equal([0, 255, 255], Read(new NpyArray((byte[])[0, 1, 1], 1, 3)).Pixels);
        Assert.Equal([0.5f, -2, 300], Read(new NpyArray([0.5f, -2, 300], 1, 3)).Values);
    }

    [Fact]
    public void Whole_numbers_among_real_values_are_real_unless_their_type_is_a_byte()
    {
        NpyFile.Write(Path, new NpyArray([0f, 1, 0, 1], 2, 2));
        Assert.Equal([0, 1, 0, 1], ArrayFileReader.Read(Path, real: true).Values);
        NpyFile.Write(Path, new NpyArray((byte[])[0, 9], 1, 2));
        Assert.Equal([0, 9], ArrayFileReader.Read(Path, real: true).Pixels);
        var (train, test) = Parts(("train", new NpyArray([0f, 300], 1, 2)), ("test", new NpyArray([0f, 1], 1, 2)));
        Assert.Equal([0, 300], train.Values);
        Assert.Equal([0, 1], test!.Values);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_value_that_is_not_finite_is_refused_with_its_item(float value)
    {
        string message = Assert.Throws<SereException>(() => Read(new NpyArray([0.5f, 1, 2, value], 2, 2))).Message;
        Assert.Contains($"'{Path}'", message);
        Assert.Contains("item 1", message);
    }

    [Fact]
    public void An_archive_holds_one_array_or_training_and_test_images_with_labels()
    {
        var images = new NpyArray(new byte[8], 2, 4);
        var labels = new NpyArray((byte[])[3, 4], 2);
        var (all, none) = Parts(("anything", images));
        Assert.Equal(2, all.Count);
        Assert.Null(none);
        var (train, test) = Parts(("train", images), ("test", images), ("train_labels", labels));
        Assert.Equal([3, 4], train.Labels!);
        Assert.Null(test!.Labels);
        (_, test) = Parts(("x_train", images), ("y_test", labels), ("x_test", images));
        Assert.Equal([3, 4], test!.Labels!);
    }

    [Fact]
    public void Archives_of_other_arrays_and_labels_that_do_not_fit_are_refused()
    {
        var images = new NpyArray(new byte[8], 2, 4);
        var labels = new NpyArray((byte[])[3, 4, 5], 3);
        foreach (var arrays in ((string, NpyArray)[][])
            [
                [("train", images), ("validation", images)], [("train", images), ("train_labels", labels)],
                [("train", images), ("test", images), ("more", images)], [],
                [("train", images), ("test", images), ("train_labels", labels)],
            ])
        {
            Assert.Contains($"'{Archive}'", Assert.Throws<SereException>(() => Parts(arrays)).Message);
        }
    }

    private string Path => _folder.File("array.npy");

    private string Archive => _folder.File("arrays.npz");

    private ImageSet Read(NpyArray array)
    {
        NpyFile.Write(Path, array);
        return ArrayFileReader.Read(Path);
    }

    private (ImageSet Train, ImageSet? Test) Parts(params (string, NpyArray)[] arrays)
    {
        NpzFile.Write(Archive, arrays);
        return ArrayFileReader.ReadParts(Archive);
    }
}
