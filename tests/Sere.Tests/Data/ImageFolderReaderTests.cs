using System.Buffers.Binary;
using System.IO.Hashing;
using Sere.Data;
using Sere.Tests.Malformed;
using SkiaSharp;
using Xunit;

namespace Sere.Tests.Data;

public sealed class ImageFolderReaderTests : FolderTests
{
    [Fact]
    public void Grey_images_have_one_channel_and_come_in_the_order_of_their_names()
    {
        _folder.Write("b.png", Pictures.Grey(3, 2, 10));
        _folder.Write("a.PNG", Pictures.Grey(3, 2, 100));
        _folder.Write("C.png", Pictures.Grey(3, 2, 200));
        _folder.Write("notes.txt", "not an image"u8.ToArray());
        _folder.Write(Path.Combine("below", "d.png"), Pictures.Grey(9, 9, 0));
        ImageSet images = ImageFolderReader.Read(_folder.Path);
        Assert.Equal(new ImageShape(1, 2, 3), images.Shape);
        Assert.Equal(["C.png", "a.PNG", "b.png"], images.Names!);
        Assert.Equal(
            [200, 201, 202, 203, 204, 205, 100, 101, 102, 103, 104, 105, 10, 11, 12, 13, 14, 15], images.Pixels);
        Assert.Null(images.Labels);
    }

    [Fact]
    public void One_coloured_pixel_among_grey_images_is_refused_by_name_unless_they_are_made_grey()
    {
        _folder.Write("a.png", Pictures.Grey(2, 1, 5));
        _folder.Write("b.png", Pictures.Encode(2, 1, (x, _) => x == 0 ? new SKColor(1, 2, 3) : Pictures.Level(9)));
        _folder.Write("c.png", Pictures.StoredGrey(2, 1, 7));
        AssertRefused(_folder.Path, "2 grey and 1 coloured", "'b.png' is the first coloured one", "--gray");
        Assert.Equal([5, 6, 2, 9, 7, 7], ImageFolderReader.Read(_folder.Path, gray: true).Pixels);
    }

    [Fact]
    public void Among_coloured_images_one_that_shows_no_colour_is_coloured_unless_it_is_stored_as_grey()
    {
        _folder.Write("a.png", Pictures.Encode(1, 1, (_, _) => new SKColor(1, 2, 3)));
        _folder.Write("b.png", Pictures.Grey(1, 1, 5));
        _folder.Write("c.png", Pictures.Encode(1, 1, (_, _) => new SKColor(7, 8, 9)));
        ImageSet images = ImageFolderReader.Read(_folder.Path);
        Assert.Equal(new ImageShape(3, 1, 1), images.Shape);
        Assert.Equal([1, 2, 3, 5, 5, 5, 7, 8, 9], images.Pixels);
        _folder.Write("d.png", Pictures.Encode(1, 1, (_, _) => new SKColor(7, 8, 9)));
        _folder.Write("e.png", Pictures.StoredGrey(1, 1, 7));
        AssertRefused(_folder.Path, "1 grey and 4 coloured", "'e.png' is the first grey one", "--gray");
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Webp)]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    public void Grey_that_a_lossy_file_rounds_is_grey_and_a_faint_colour_is_not(SKEncodedImageFormat format)
    {
        // Without room for rounding, WebP makes the channels of some of these levels differ by one.
        for (int i = 0; i < 4; i++)
        {
            int first = 60 * i;
            _folder.Write(
                $"{i}.{format}", Pictures.Encode(16, 16, (x, y) => Pictures.Level((byte)(first + (2 * x) + y)), format));
        }

        Assert.Equal(1, ImageFolderReader.Read(_folder.Path).Shape.Channels);
        _folder.Write($"faint.{format}", Pictures.Encode(16, 16, (_, _) => new SKColor(100, 110, 120), format));
        AssertRefused(_folder.Path, "4 grey and 1 coloured", $"'faint.{format}'", "--gray");
    }

    [Fact]
    public void Colours_become_their_luma_where_grey_is_asked_for()
    {
        SKColor[] colours = [new(255, 0, 0), new(0, 255, 0), new(0, 0, 255), new(255, 255, 255), new(77, 77, 77)];
        _folder.Write("a.png", Pictures.Encode(5, 1, (x, _) => colours[x]));
        ImageSet images = ImageFolderReader.Read(_folder.Path, gray: true);
        Assert.Equal(new ImageShape(1, 1, 5), images.Shape);
        Assert.Equal([76, 150, 29, 255, 77], images.Pixels);
    }

    [Fact]
    public void Transparency_is_composed_on_black()
    {
        _folder.Write("a.png", Pictures.Encode(3, 1, (x, _) => new SKColor(200, 200, 200, (byte)(x * 51))));
        Assert.Equal([0, 40, 80], ImageFolderReader.Read(_folder.Path).Pixels);
    }

    [Theory]
    [InlineData("a.jpg", SKEncodedImageFormat.Jpeg)]
    [InlineData("a.jpeg", SKEncodedImageFormat.Jpeg)]
    [InlineData("a.webp", SKEncodedImageFormat.Webp)]
    public void Other_formats_are_read_within_their_loss(string name, SKEncodedImageFormat format)
    {
        _folder.Write(name, Pictures.Encode(16, 8, (_, _) => Pictures.Level(120), format));
        ImageSet images = ImageFolderReader.Read(_folder.Path, gray: true);
        Assert.Equal(new ImageShape(1, 8, 16), images.Shape);
        Assert.All(images.Pixels, value => Assert.InRange(value, 117, 123));
    }

    [Fact]
    public void Images_of_different_sizes_are_refused_by_name()
    {
        _folder.Write("a.png", Pictures.Grey(3, 2, 0));
        _folder.Write("b.png", Pictures.Grey(2, 3, 0));
        AssertRefused("b.png", "2 pixels wide and 3 high", "'a.png'");
    }

    [Fact]
    public void Images_of_different_sizes_are_resized_where_asked_for()
    {
        _folder.Write("a.png", Pictures.Encode(9, 12, (_, _) => new SKColor(50, 50, 51)));
        _folder.Write("b.png", Pictures.Encode(3, 2, (_, _) => new SKColor(1, 2, 3)));
        ImageSet images = ImageFolderReader.Read(_folder.Path, resize: new ImageShape(1, 4, 5));
        Assert.Equal(new ImageShape(3, 4, 5), images.Shape);
        byte[] first = images.Slice(0, 1).Pixels;
        Assert.All(Enumerable.Range(0, 60), i => Assert.Equal(50 + (i / 40), first[i]));
        byte[] second = images.Slice(1, 1).Pixels;
        Assert.All(Enumerable.Range(0, 60), i => Assert.Equal(1 + (i / 20), second[i]));
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(5, -1)]
    [InlineData(100_000, 100_000)]
    public void An_impossible_size_is_refused(int height, int width) =>
        Assert.Throws<UsageException>(
            () => ImageFolderReader.Read(_folder.Path, resize: new ImageShape(1, height, width)));

    [Fact]
    public void Masks_of_0_and_1_are_black_and_white_unless_another_value_or_the_scale_says_that_they_are_bytes()
    {
        _folder.Write("a.png", Pictures.Encode(2, 1, (x, _) => Pictures.Level((byte)x)));
        _folder.Write("b.png", Pictures.StoredGrey(2, 1, 0));
        Assert.Equal([0, 255, 0, 0], ImageFolderReader.Read(_folder.Path).Pixels);
        Assert.Equal([0, 1, 0, 0], ImageFolderReader.Read(_folder.Path, scale: ValueScale.Bytes).Pixels);
        // Stretched before it is resized: else nothing of the shades between is left.
        Assert.Equal([0, 64, 191, 255], ImageFolderReader.Read(_folder.Path, resize: new ImageShape(1, 1, 4)).Pixels[..4]);
        _folder.Write("c.png", Pictures.StoredGrey(2, 1, 2));
        Assert.Equal([0, 1, 0, 0, 2, 2], ImageFolderReader.Read(_folder.Path).Pixels);
        string message = Assert.Throws<SereException>(
            () => ImageFolderReader.Read(_folder.Path, scale: ValueScale.Binary)).Message;
        Assert.Contains($"'{_folder.File("c.png")}' holds the value 2", message);
    }

    [Fact]
    public void What_is_passed_over_is_said_and_hidden_files_are_not()
    {
        foreach (string name in (string[])["a.png", "b.png", ".c.png", "._a.png", "below/d.png", ".hidden/e.png", "__MACOSX/f.png"])
        {
            _folder.Write(name, Pictures.Grey(3, 2, 0));
        }

        _folder.Write("notes.txt", [1]);
        _folder.Write("e.TIF", [1]);
        _folder.Write("f.tif", [1]);
        _folder.Write("other/readme", [1]);
        var words = new List<string>();
        Assert.Equal(2, ImageFolderReader.Read(_folder.Path, warn: words.Add).Count);
        Assert.Equal(
            $"'{_folder.Path}' holds 2 images; passed over: 3 files of other kinds (.tif, .txt) and 1 subfolder with images.",
            Assert.Single(words));
        ImageFolderReader.Read(_folder.File("below"), warn: words.Add);
        Assert.Single(words);
    }

    [Fact]
    public void A_folder_without_images_is_refused_with_what_is_there_instead()
    {
        _folder.Write("a/b.png", Pictures.Grey(3, 2, 0));
        _folder.Write("f.tiff", [1]);
        AssertRefused("holds no images (passed over: 1 file of other kinds (.tiff) and 1 subfolder with images)");
        _folder.Write("a.png", "II*\0and so on"u8.ToArray());
        AssertRefused("'" + _folder.File("a.png") + "' is a TIFF image, which is not read (convert it to PNG)");
    }

    [Fact]
    public void A_name_that_is_not_utf8_is_said_to_be_one()
    {
        string message = Assert.Throws<SereException>(() => ImageFolderReader.ReadFile(_folder.File("caf\uFFFD.png"))).Message;
        Assert.Contains("its name is not UTF-8, so that it cannot be opened (rename it)", message);
    }

    [Fact]
    public void A_bitmap_is_read_to_the_bit()
    {
        _folder.Write("a.bmp", BmpBytes.Build(2, 2, [[1, 2, 3], [4, 5, 6], [7, 8, 9], [250, 251, 252]]));
        ImageSet images = ImageFolderReader.Read(_folder.Path);
        Assert.Equal(new ImageShape(3, 2, 2), images.Shape);
        Assert.Equal([1, 4, 7, 250, 2, 5, 8, 251, 3, 6, 9, 252], images.Pixels);
        _folder.Write("a.bmp", BmpBytes.Build(1, 2, [[7, 7, 7], [9, 9, 9]]));
        Assert.Equal([7, 9], ImageFolderReader.Read(_folder.Path).Pixels);
    }

    [Theory]
    [InlineData(1, new byte[] { 200, 30, 100, 0 })]
    [InlineData(2, new byte[] { 30, 200, 0, 100 })]
    [InlineData(3, new byte[] { 0, 100, 30, 200 })]
    [InlineData(4, new byte[] { 100, 0, 200, 30 })]
    [InlineData(5, new byte[] { 200, 100, 30, 0 })]
    [InlineData(6, new byte[] { 100, 200, 0, 30 })]
    [InlineData(7, new byte[] { 0, 30, 100, 200 })]
    [InlineData(8, new byte[] { 30, 0, 200, 100 })]
    public void A_picture_is_turned_as_its_camera_noted(byte orientation, byte[] corners)
    {
        byte Level(int x, int y) => (y < 8, x < 16) switch { (true, true) => 200, (false, true) => 100, (true, false) => 30, _ => 0 };
        byte[] jpeg = Pictures.Encode(32, 16, (x, y) => Pictures.Level(Level(x, y)), SKEncodedImageFormat.Jpeg);
        _folder.Write("a.jpg", ExifBytes.IntoJpeg(jpeg, orientation, isLittle: true));
        _folder.Write("b.jpg", ExifBytes.IntoJpeg(jpeg, orientation, isLittle: false));
        _folder.Write("c.webp", ExifBytes.IntoWebP(
            Pictures.Encode(32, 16, (x, y) => Pictures.Level(Level(x, y)), SKEncodedImageFormat.Webp), 32, 16, orientation));
        ImageSet images = ImageFolderReader.Read(_folder.Path);
        var (height, width) = orientation > 4 ? (32, 16) : (16, 32);
        Assert.Equal(new ImageShape(1, height, width), images.Shape);
        for (int i = 0; i < images.Count; i++)
        {
            byte[] pixels = images.Slice(i, 1).Pixels;
            int[] seen = [pixels[0], pixels[width - 1], pixels[(height - 1) * width], pixels[^1]];
            Assert.All(seen.Zip(corners), pair => Assert.InRange(pair.First, pair.Second - 4, pair.Second + 4));
        }
    }

    [Fact]
    public void What_a_picture_carries_beside_its_pixels_does_not_reach_the_decoder()
    {
        byte[] png = PngBytes.Build(9, bitDepth: 8, colourType: 3);
        byte[] noisy = PngBytes.WithChunk(PngBytes.WithChunk(png, "zTXt"u8, new byte[1000]), "iCCP"u8, new byte[500]);
        Assert.Equal(png, Reduced(noisy));
        Assert.Equal(png[..^3], Reduced(noisy[..^3]));

        static byte[] Reduced(byte[] content)
        {
            byte[] copy = [.. content];
            return copy[..PictureFile.ReducePng(copy)];
        }
    }

    [Fact]
    public void A_folder_that_is_too_much_is_refused_before_it_is_decoded()
    {
        using var bitmap = new SKBitmap(new SKImageInfo(4096, 4096, SKColorType.Gray8, SKAlphaType.Opaque));
        bitmap.Erase(SKColors.Black);
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        byte[] content = data.ToArray();
        for (int i = 0; i < 130; i++)
        {
            _folder.Write($"{i:D3}.png", content);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<SereException>(() => ImageFolderReader.Read(_folder.Path, scale: ValueScale.Bytes));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000_000);
    }

    [Fact]
    public void An_empty_folder_is_refused_by_name()
    {
        _folder.Write("notes.txt", [1, 2, 3]);
        AssertRefused(_folder.Path, "holds no images");
    }

    [Fact]
    public void A_missing_folder_is_refused_by_name()
    {
        string path = _folder.File("absent");
        string message = Assert.Throws<SereException>(() => ImageFolderReader.Read(path)).Message;
        Assert.Contains(path, message);
        Assert.Contains("does not exist", message);
    }

    [Fact]
    public void A_file_in_place_of_the_folder_is_refused_by_name()
    {
        string path = _folder.Write("a.png", Pictures.Grey(3, 2, 0));
        Assert.Contains(path, Assert.Throws<SereException>(() => ImageFolderReader.Read(path)).Message);
    }

    [Theory]
    [InlineData("not an image at all")]
    [InlineData("GIF89a\u0001\0\u0001\0\0\0\0")]
    public void A_file_that_is_no_image_is_refused_by_name(string content)
    {
        _folder.Write("a.png", Pictures.Grey(3, 2, 0));
        _folder.Write("b.png", System.Text.Encoding.Latin1.GetBytes(content));
        AssertRefused("b.png", "damaged or not");
    }

    [Fact]
    public void All_unreadable_files_are_counted_and_the_first_ten_named_with_their_reasons()
    {
        _folder.Write("a.png", Pictures.Grey(3, 2, 0));
        _folder.Write("b.png", "not an image at all"u8.ToArray());
        _folder.Write("c.png", []);
        _folder.Write("d.png", Pictures.Grey(3, 2, 0));
        AssertRefused(
            $"2 of the 4 images in '{_folder.Path}' cannot be read: 'b.png' is damaged or not", ", 'c.png' is empty", "image, 'c");
        for (int i = 0; i < 12; i++)
        {
            _folder.Write($"e{i:D2}.png", []);
        }

        AssertRefused("14 of the 16 images", "'e07.png' is empty, or a pipe or a device, and 4 more; replace them");
    }

    [Fact]
    public void An_empty_file_and_a_device_in_the_folder_are_refused_by_name()
    {
        string path = _folder.Write("b.png", []);
        AssertRefused("b.png", "is empty");
        Assert.SkipUnless(File.Exists("/dev/zero"), "There is no such device.");
        File.Delete(path);
        File.CreateSymbolicLink(path, "/dev/zero");
        AssertRefused("b.png", "a device");
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Png)]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void A_file_cut_in_its_pixels_is_refused_and_cut_anywhere_fails_no_other_way(SKEncodedImageFormat format)
    {
        byte[] whole = Pictures.Encode(20, 20, (x, y) => new SKColor((byte)(x * 12), (byte)(y * 12), 7), format);
        for (int length = 0; length < whole.Length; length++)
        {
            _folder.Write("a.png", whole[..length]);
            Exception? error = Record.Exception(() => ImageFolderReader.Read(_folder.Path));
            // The last 20 bytes of a PNG file are checksums and its end mark: all pixels are there without them.
            bool complete = format == SKEncodedImageFormat.Png && length >= whole.Length - 20;
            Assert.True(error is SereException || (error is null && complete), $"{length}: {error}");
        }
    }

    [Theory]
    [InlineData(60_000, 60_000)]
    [InlineData(8_000, 8_000)]
    [InlineData(1, int.MaxValue)]
    public void A_huge_declared_size_is_refused_without_the_memory(int width, int height)
    {
        byte[] content = Pictures.Grey(3, 2, 0);
        // The sizes of the PNG header and the checksum over them.
        BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(content.AsSpan(29), Crc32.HashToUInt32(content.AsSpan(12, 17)));
        _folder.Write("a.png", content);
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused("a.png");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void An_image_of_one_colour_is_not_mistaken_for_a_false_claim()
    {
        using var bitmap = new SKBitmap(1100, 1100);
        bitmap.Erase(SKColors.Black);
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        _folder.Write("a.png", data.ToArray());
        Assert.Equal(1100 * 1100, ImageFolderReader.Read(_folder.Path).Pixels.Length);
    }

    private void AssertRefused(params string[] parts)
    {
        string message = Assert.Throws<SereException>(() => ImageFolderReader.Read(_folder.Path)).Message;
        Assert.All(parts, part => Assert.Contains(part, message));
        Assert.EndsWith(".", message);
    }
}
