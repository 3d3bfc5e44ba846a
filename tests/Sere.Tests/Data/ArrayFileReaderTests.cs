using System.IO.Compression;
using Sere.Data;
using Sere.Storage;
using Sere.Tests.Storage;
using Xunit;

namespace Sere.Tests.Data;

public sealed class ArrayFileReaderTests : FolderTests
{
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
        Assert.Equal([0, 1, 0, 1], Read(new NpyArray([0f, 1, 0, 1], 2, 2), ValueScale.Real).Values);
        Assert.Equal([0, 9], Read(new NpyArray((byte[])[0, 9], 1, 2), ValueScale.Real).Pixels);
        var (train, test, _) = Parts(("train", new NpyArray([0f, 300], 1, 2)), ("test", new NpyArray([0f, 1], 1, 2)));
        Assert.Equal([0, 300], train.Values);
        Assert.Equal([0, 1], test!.Values);
    }

    [Fact]
    public void What_a_number_means_by_a_scale_does_not_depend_on_the_numbers_beside_it()
    {
        byte[] dark = [0, 1, 1];
        Assert.Equal(dark, Read(new NpyArray(dark, 1, 3), ValueScale.Bytes).Pixels);
        Assert.Equal(dark, Read(new NpyArray([.. dark, 9, 9, 9], 2, 3), ValueScale.Bytes).Slice(0, 1).Pixels);
        Assert.Equal([0, 255, 255], Read(new NpyArray(dark, 1, 3), ValueScale.Binary).Pixels);
        Assert.Equal([0, 1, 1], Read(new NpyArray([0f, 1, 1], 1, 3), ValueScale.Bytes).Values);
        Assert.Equal([0, 1, 1], Read(new NpyArray([0f, 1, 1], 1, 3), ValueScale.Levels).Pixels);
        Assert.Equal([0.5f, 1, 1], Read(new NpyArray([0.5f, 1, 1], 1, 3), ValueScale.Binary).Values);
        NpyFile.Write(Path, new NpyArray(NpyType.Boolean, [1, 3], dark));
        Assert.Equal([0, 255, 255], ArrayFileReader.Read(Path, ValueScale.Bytes).Pixels);
    }

    [Fact]
    public void A_number_that_a_scale_does_not_have_is_refused_with_the_scale()
    {
        var bytes = new NpyArray((byte[])[0, 1, 255], 1, 3);
        string message = Assert.Throws<SereException>(() => Read(bytes, ValueScale.Binary)).Message;
        Assert.Contains($"'{Path}' holds the value 255, where the data are 0 and 1 (dataset.scale is binary)", message);
        message = Assert.Throws<SereException>(() => Read(new NpyArray([3f, 0.5f, 2], 1, 3), ValueScale.Levels)).Message;
        Assert.Contains("the value 0.5, where the data are whole numbers from 0 to 255 (dataset.scale is levels)", message);
        NpyFile.Write(Path, new NpyArray(NpyType.Find("i2")!, [1, 2], [0, 0, 0, 1]));
        message = Assert.Throws<SereException>(() => ArrayFileReader.Read(Path, ValueScale.Bytes)).Message;
        Assert.Contains("the value 256,", message);
    }

    [Fact]
    public void The_training_images_decide_the_scale_of_the_test_images()
    {
        var train = new NpyArray((byte[])[0, 9, 200, 3], 2, 2);
        var (_, test, scale) = Parts(("train", train), ("test", new NpyArray((byte[])[0, 1], 1, 2)));
        Assert.Equal([0, 1], test!.Pixels);
        Assert.Equal(ValueScale.Bytes, scale);
        var binary = new NpyArray((byte[])[0, 1, 1, 0], 2, 2);
        Assert.Contains("the value 9", Assert.Throws<SereException>(() => Parts(("train", binary), ("test", train))).Message);
        Assert.Equal(ValueScale.Binary, Parts(("train", binary), ("test", binary)).Scale);
        Assert.Equal(ValueScale.Levels, Parts(("one", new NpyArray([0f, 2], 1, 2))).Scale);
        Assert.Equal(ValueScale.Real, Parts(("one", new NpyArray([0f, 0.5f], 1, 2))).Scale);
    }

    [Fact]
    public void A_file_is_told_by_its_first_bytes_and_not_by_its_name()
    {
        var array = new NpyArray((byte[])[0, 7, 255], 1, 3);
        NpyFile.Write(Archive, array);
        Assert.Equal([0, 7, 255], ArrayFileReader.Read(Archive).Pixels);
        NpzFile.Write(Path, [("a", array)]);
        Assert.Equal([0, 7, 255], ArrayFileReader.Read(Path).Pixels);
    }

    [Fact]
    public void Members_that_a_system_left_beside_the_arrays_are_passed_over()
    {
        NpzFile.Write(
            Archive,
            [
                ("a", new NpyArray((byte[])[0, 7], 1, 2)), ("__MACOSX/._a", new NpyArray((byte[])[1], 1)),
                ("._a", new NpyArray((byte[])[1], 1)),
            ]);
        Assert.Equal([0, 7], ArrayFileReader.Read(Archive).Pixels);
    }

    [Fact]
    public void An_archive_of_other_arrays_is_refused_before_they_are_read()
    {
        var array = new NpyArray(new byte[1 << 20], 1 << 10, 1 << 10);
        NpzFile.Write(Archive, [("train", array), ("test", array), ("more", array)]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<SereException>(() => ArrayFileReader.ReadParts(Archive));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 19);
    }

    [Fact]
    public void The_content_of_an_archive_is_held_once()
    {
        using var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            using Stream stream = archive.CreateEntry("a.npy").Open();
            stream.Write(NpyBytes.Array("|u1", "(30, 1000, 1000)", new byte[30_000_000]));
        }

        File.WriteAllBytes(Archive, file.ToArray());
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(30, ArrayFileReader.Read(Archive).Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32_000_000);
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
        var (all, none, _) = Parts(("anything", images));
        Assert.Equal(2, all.Count);
        Assert.Null(none);
        var (train, test, _) = Parts(("train", images), ("test", images), ("train_labels", labels));
        Assert.Equal([3, 4], train.Labels!);
        Assert.Null(test!.Labels);
        (_, test, _) = Parts(("x_train", images), ("y_test", labels), ("x_test", images));
        Assert.Equal([3, 4], test!.Labels!);
    }

    [Fact]
    public void Labels_of_other_forms_are_read_or_passed_over_with_a_word()
    {
        var images = new NpyArray(new byte[8], 2, 4);
        NpzFile.Write(
            Archive,
            [
                ("train", images), ("test", images), ("train_labels", new NpyArray((byte[])[3, 4], 2, 1)),
                ("test_labels", new NpyArray((byte[])[0, 1, 1, 0], 2, 2)),
            ]);
        var words = new List<string>();
        var (train, test, _) = ArrayFileReader.ReadParts(Archive, warn: words.Add);
        Assert.Equal([3, 4], train.Labels!);
        Assert.Null(test!.Labels);
        Assert.Contains("were passed over", Assert.Single(words));
        NpzFile.Write(Archive, [("train", images), ("test", images), ("train_labels", new NpyArray([3f, 400], 2))]);
        Assert.Null(ArrayFileReader.ReadParts(Archive, warn: words.Add).Train.Labels);
        Assert.Equal(2, words.Count);
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

    private ImageSet Read(NpyArray array, ValueScale? scale = null)
    {
        NpyFile.Write(Path, array);
        return ArrayFileReader.Read(Path, scale);
    }

    private (ImageSet Train, ImageSet? Test, ValueScale Scale) Parts(params (string, NpyArray)[] arrays)
    {
        NpzFile.Write(Archive, arrays);
        return ArrayFileReader.ReadParts(Archive);
    }
}
