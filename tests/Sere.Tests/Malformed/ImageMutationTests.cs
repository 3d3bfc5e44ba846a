using Sere.Data;
using Sere.Data.Downloads;
using Sere.Tests.Data;
using Sere.Tests.Data.Downloads;
using SkiaSharp;
using Xunit;

namespace Sere.Tests.Malformed;

public sealed class ImageMutationTests
{
    [Fact]
    public void Damaged_idx_files_of_images_are_refused_or_read()
    {
        byte[] images = IdxFile.Build([2, 5, 3], IdxFile.Counting(30));
        byte[] many = IdxFile.Build([300, 16, 16], new byte[300 * 16 * 16]);
        new MutationRun(
            "images-idx3-ubyte",
            [
                new MalformedForm("plain", images),
                new MalformedForm("gzipped", IdxFile.Zip(images)),
                new MalformedForm("gzipped, larger than its file", IdxFile.Zip(many)),
                new MalformedForm("damaged, then gzipped", images, Wrap: IdxFile.Zip),
            ],
            path =>
            {
                ImageSet set = IdxReader.ReadImages(path);
                Assert.Equal(set.Count * set.Shape.Dimensions, set.Pixels.Length);
            })
        {
            // What deflate can make of a byte, held in buffers that double.
            MemoryPerByte = 1032 * 3,
        }.Check();
    }

    [Fact]
    public void Damaged_idx_files_of_labels_are_refused_or_read()
    {
        byte[] labels = IdxFile.Build([40], IdxFile.Counting(40));
        new MutationRun(
            "labels-idx1-ubyte",
            [
                new MalformedForm("plain", labels),
                new MalformedForm("gzipped", IdxFile.Zip(labels)),
                new MalformedForm("damaged, then gzipped", labels, Wrap: IdxFile.Zip),
            ],
            path => Assert.NotEmpty(IdxReader.ReadLabels(path)))
        {
            MemoryPerByte = 1032 * 3,
        }.Check();
    }

    [Fact]
    public void Damaged_files_of_cifar10_are_refused_or_read() => new MutationRun(
        "data_batch_1.bin",
        [
            new MalformedForm("one record", Cifar10File.Build(1)),
            new MalformedForm("three records", Cifar10File.Build(3)),
            new MalformedForm("a damaged label", Cifar10File.Build(2), (file, random) =>
            {
                byte[] damaged = [.. file];
                damaged[Cifar10File.RecordLength] = (byte)random.Next(256);
                return damaged;
            }),
        ],
        path =>
        {
            ImageSet set = Cifar10Reader.ReadFile(path);
            Assert.Equal(new FileInfo(path).Length, set.Count + set.Pixels.Length);
            Assert.All(set.Labels!, label => Assert.InRange(label, 0, 9));
        }).Check();

    [Fact]
    public void Damaged_batches_of_the_python_version_of_cifar10_are_refused_or_read() => new MutationRun(
        "data_batch_1",
        [
            new MalformedForm("one image", Cifar10File.BuildPickle(Cifar10File.Build(1))),
            new MalformedForm("two images", Cifar10File.BuildPickle(Cifar10File.Build(2))),
            new MalformedForm(
                "a damaged description",
                Cifar10File.BuildPickle(Cifar10File.Build(2)),
                (file, random) =>
                {
                    // The pixels are most of the file, and of them any are good.
                    byte[] damaged = [.. file];
                    int place = random.Next(2) == 0 ? random.Next(2, 200) : damaged.Length - 1 - random.Next(60);
                    damaged[place] = (byte)random.Next(256);
                    return damaged;
                }),
        ],
        path =>
        {
            ImageSet set = Cifar10Reader.ReadFile(path);
            Assert.Equal(set.Count * set.Shape.Dimensions, set.Pixels.Length);
        }).Check();

    [Fact]
    public void Damaged_archives_are_refused_or_whole()
    {
        byte[] content = SmallDataset.Content();
        RemoteFile[] files = [SmallDataset.File("first", content)];
        byte[] unpacked = [.. TarBytes.Folder("a"), .. TarBytes.File("readme", new byte[40]), .. TarBytes.File("a/first", content)];
        new MutationRun(
            "small.tar.gz",
            [
                new MalformedForm("sound", TarBytes.Archive(unpacked)),
                new MalformedForm("damaged, then gzipped", unpacked, Wrap: IdxFile.Zip),
                new MalformedForm(
                    "damaged header, then gzipped",
                    unpacked[..512],
                    Wrap: header => IdxFile.Zip([.. header, .. unpacked[512..]])),
            ],
            path =>
            {
                if (ArchiveContent.Read(path, files) != ContentState.Whole)
                {
                    throw new SereException($"'{path}' is not the archive.");
                }
            }).Check();
    }

    [Fact]
    public void Damaged_pictures_are_refused_or_read()
    {
        MalformedForm[] png =
        [
            new("grey PNG", PngBytes.Build(9, bitDepth: 8, colourType: 0)),
            new("PNG of one bit", PngBytes.Build(9, bitDepth: 1, colourType: 0)),
            new("PNG of 16 bits with opacity", PngBytes.Build(9, bitDepth: 16, colourType: 4)),
            new("coloured PNG", PngBytes.Build(9, bitDepth: 8, colourType: 2)),
            new("PNG with a palette", PngBytes.Build(9, bitDepth: 2, colourType: 3)),
            new("PNG with opacity", PngBytes.Build(9, bitDepth: 8, colourType: 6)),
        ];
        new MutationRun(
            "picture.png",
            [
                .. png,
                .. png.Select(form => form with { Name = form.Name + ", sound checksums", Wrap = PngBytes.WithSoundChecksums }),
                new("bitmap", BmpBytes.Build(5, 4, [.. Enumerable.Range(0, 20).Select(i => (byte[])[(byte)i, 9, 8])])),
                new("JPEG with Exif", ExifBytes.IntoJpeg(
                    Pictures.Encode(20, 20, Colour, SKEncodedImageFormat.Jpeg), 6, isLittle: true)),
                new("WebP with Exif", ExifBytes.IntoWebP(
                    Pictures.Encode(20, 20, (x, y) => Pictures.Level((byte)(x * y)), SKEncodedImageFormat.Webp), 20, 20, 6)),
                new("PNG with a text", PngBytes.WithChunk(
                    PngBytes.Build(9, bitDepth: 8, colourType: 0), "zTXt"u8, [.. "a\0\0"u8, 1, 2, 3])),
                new("JPEG", Pictures.Encode(20, 20, Colour, SKEncodedImageFormat.Jpeg)),
                new("grey JPEG", Pictures.Encode(20, 20, (x, y) => Pictures.Level((byte)(x * y)), SKEncodedImageFormat.Jpeg)),
                new("WebP without loss", WebP(SKWebpEncoderCompression.Lossless)),
                new("WebP with loss", WebP(SKWebpEncoderCompression.Lossy)),
            ],
            path => Assert.NotEmpty(ImageFolderReader.Read(Path.GetDirectoryName(path)!).Pixels))
        {
            // Seven bytes for each of the pixels that a file of its length may claim.
            MemoryPerByte = 7 * 8 * 1032,
            MemoryBesides = 8 << 20,
        }.Check();
    }

    private static SKColor Colour(int x, int y) => new((byte)(x * 12), (byte)(y * 12), 7, (byte)(255 - x));

    private static byte[] WebP(SKWebpEncoderCompression compression)
    {
        using SKBitmap bitmap = SKBitmap.Decode(Pictures.Encode(20, 20, Colour));
        using SKPixmap pixels = bitmap.PeekPixels();
        using SKData data = pixels.Encode(new SKWebpEncoderOptions(compression, 70))!;
        return data.ToArray();
    }
}
