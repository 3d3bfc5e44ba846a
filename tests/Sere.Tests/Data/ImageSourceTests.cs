using Sere.Data;
using Sere.Storage;
using SkiaSharp;
using Xunit;

namespace Sere.Tests.Data;

public sealed class ImageSourceTests : FolderTests
{
    private static readonly ImageShape Colour = new(3, 1, 2);
    private static readonly ImageShape Grey = new(1, 1, 2);

    private readonly List<string> _warnings = [];

    [Fact]
    public void A_grey_picture_is_given_to_a_colour_model_as_three_equal_planes_with_a_warning()
    {
        string path = _folder.Write("a.png", Pictures.StoredGrey(2, 1, 7));
        Assert.Equal([7, 7, 7, 7, 7, 7], Read(path, Colour).Pixels);
        Assert.Contains($"1 of the 1 images of '{path}' are grey", Assert.Single(_warnings));
    }

    [Fact]
    public void Grey_pictures_among_coloured_ones_are_given_to_a_colour_model_and_counted()
    {
        _folder.Write("a.png", Pictures.StoredGrey(2, 1, 7));
        _folder.Write("b.png", Pictures.Encode(2, 1, (_, _) => new SKColor(1, 2, 3)));
        _folder.Write("c.png", Pictures.Grey(2, 1, 5));
        Assert.Equal([7, 7, 7, 7, 7, 7, 1, 1, 2, 2, 3, 3, 5, 6, 5, 6, 5, 6], Read(_folder.Path, Colour).Pixels);
        Assert.Contains("2 of the 3 images", Assert.Single(_warnings));
        _folder.Write("own/b.png", Pictures.Encode(2, 1, (_, _) => new SKColor(1, 2, 3)));
        Read(_folder.File("own"), Colour);
        Assert.Single(_warnings);
    }

    [Fact]
    public void A_grey_array_is_given_to_a_colour_model_image_by_image()
    {
        NpyFile.Write(_folder.File("a.npy"), new NpyArray(new float[] { 0.5f, 1, 2, 3 }, 2, 1, 2));
        Assert.Equal([0.5f, 1, 0.5f, 1, 0.5f, 1, 2, 3, 2, 3, 2, 3], Read(_folder.File("a.npy"), Colour).Values);
    }

    [Fact]
    public void Colour_is_not_given_to_a_grey_model_unless_it_is_made_grey()
    {
        string path = _folder.Write("a.png", Pictures.Encode(2, 1, (_, _) => new SKColor(1, 2, 3)));
        string message = Assert.Throws<SereException>(() => Read(path, new ImageShape(1, 1, 2))).Message;
        Assert.Contains("--gray", message);
        Assert.Equal([2, 2], ImageSource.Read(path, new ImageShape(1, 1, 2), gray: true).Pixels);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void The_scale_of_the_model_holds_for_every_form_and_black_by_it_alone_is_said()
    {
        byte[] dark = [0, 1];
        NpyFile.Write(_folder.File("a.npy"), new NpyArray(dark, 1, 1, 2));
        _folder.Write("a.idx", IdxFile.Build([1, 1, 2], dark));
        _folder.Write("a.png", Pictures.Encode(2, 1, (x, _) => Pictures.Level((byte)x)));
        foreach (string file in (string[])["a.npy", "a.idx", "a.png"])
        {
            string path = _folder.File(file);
            Assert.Equal(dark, ImageSource.Read(path, Grey, scale: ValueScale.Bytes, warn: _warnings.Add).Pixels);
            Assert.Contains($"The values of '{path}' are all 0 or 1", Assert.Single(_warnings));
            _warnings.Clear();
            Assert.Equal([0, 255], ImageSource.Read(path, Grey, scale: ValueScale.Binary, warn: _warnings.Add).Pixels);
            Assert.Empty(_warnings);
        }
    }

    [Theory]
    [InlineData("a.npz")]
    [InlineData("a.png")]
    [InlineData("a")]
    public void A_file_is_told_by_its_first_bytes(string name)
    {
        _folder.Write("b.png", Pictures.StoredGrey(2, 1, 7));
        File.Move(_folder.File("b.png"), _folder.File(name));
        Assert.Equal([7, 7], ImageSource.Read(_folder.File(name), Grey).Pixels);
        NpyFile.Write(_folder.File(name), new NpyArray((byte[])[3, 4], 1, 1, 2));
        Assert.Equal([3, 4], ImageSource.Read(_folder.File(name), Grey).Pixels);
        _folder.Write(name, IdxFile.Zip(IdxFile.Build([1, 1, 2], [5, 6])));
        Assert.Equal([5, 6], ImageSource.Read(_folder.File(name), Grey).Pixels);
    }

    [Fact]
    public void Only_bytes_are_advised_to_be_resized_or_made_grey()
    {
        NpyFile.Write(_folder.File("real.npy"), new NpyArray(Enumerable.Repeat(0.5f, 12).ToArray(), 1, 2, 2, 3));
        NpyFile.Write(_folder.File("bytes.npy"), new NpyArray(new byte[12], 2, 2, 3));
        var shape = new ImageShape(1, 4, 4);
        string real = Refused("real.npy", shape);
        Assert.Contains("real values are neither resized nor made grey", real);
        Assert.DoesNotContain("--", real);
        Assert.Contains("--resize", Refused("bytes.npy", shape));
    }

    [Theory]
    [InlineData(4, 3, "save one image as [1, 4, 3]")]
    [InlineData(5, 12, "save images as [N, height, width]")]
    public void Vectors_are_not_taken_for_images_and_what_to_save_is_said(int count, int width, string advice)
    {
        NpyFile.Write(_folder.File("a.npy"), new NpyArray(new byte[count * width], count, width));
        Assert.Contains(advice, Refused("a.npy", new ImageShape(1, 4, 3)));
        Assert.Contains(advice, Refused("a.npy", new ImageShape(1, 4, 3), resize: true));
        NpyFile.Write(_folder.File("one.npy"), new NpyArray(new byte[12], 1, 4, 3));
        Assert.Equal(1, ImageSource.Read(_folder.File("one.npy"), new ImageShape(1, 4, 3)).Count);
        Assert.Equal(count, ImageSource.Read(_folder.File("a.npy"), new ImageShape(1, 1, width)).Count);
    }

    private string Refused(string name, ImageShape shape, bool resize = false) =>
        Assert.Throws<SereException>(() => ImageSource.Read(_folder.File(name), shape, resize)).Message;

    private ImageSet Read(string path, ImageShape shape) => ImageSource.Read(path, shape, warn: _warnings.Add);
}
