using Sere.Data;
using Sere.Storage;
using SkiaSharp;
using Xunit;

namespace Sere.Tests.Data;

public sealed class ImageSourceTests : IDisposable
{
    private static readonly ImageShape Colour = new(3, 1, 2);

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _warnings = [];

    public void Dispose() => _folder.Dispose();

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

    private ImageSet Read(string path, ImageShape shape) => ImageSource.Read(path, shape, warn: _warnings.Add);
}
