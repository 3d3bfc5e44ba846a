using System.Buffers.Binary;
using System.IO.Compression;
using Sere.Data.Downloads;
using Sere.Storage;

namespace Sere.Data;

/// <summary>
/// Reads IDX files of unsigned bytes, the format of MNIST, whether gzipped, in one member or several, or not (told by
/// content, not by name). A file is read to its end and checked as a whole, and its content is held once.
/// </summary>
public static class IdxReader
{
    private const byte UnsignedByte = 0x08;

    /// <summary>Reads a three-dimensional file: count, height, width.</summary>
    /// <param name="path">The IDX file.</param>
    /// <returns>The images, of shape 1 x height x width, without labels.</returns>
    /// <exception cref="SereException">The file is missing, unreadable, damaged or no such file.</exception>
    public static ImageSet ReadImages(string path)
    {
        (int[] sizes, byte[] content) = Read(path, "images", rank: 3);
        return new ImageSet(new ImageShape(1, sizes[1], sizes[2]), content);
    }

    internal static byte[] ReadLabels(string path) => Read(path, "labels", rank: 1).Content;

    private static (int[] Sizes, byte[] Content) Read(string path, string what, int rank)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return FileFault.Reading(path, () =>
        {
            using FileStream file = OrdinaryFile.OpenRead(path);
            if (FileKinds.Of(file) != FileKind.Gzip)
            {
                return Read(file, trailerOf: null, path, what, rank);
            }

            try
            {
                using var unzipped = new GZipStream(file, CompressionMode.Decompress, leaveOpen: true);
                return Read(unzipped, trailerOf: file, path, what, rank);
            }
            catch (InvalidDataException error)
            {
                throw new SereException($"'{path}' is a damaged gzip file; copy or download it again.", error);
            }
        });
    }

    private static (int[] Sizes, byte[] Content) Read(
        Stream stream, FileStream? trailerOf, string path, string what, int rank)
    {
        SereException Damaged(string fault) => new($"'{path}' {fault}; copy or download it again.");

        // A mark of four bytes, and the sizes.
        Span<byte> header = stackalloc byte[4 + (4 * rank)];
        int held = stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        CheckMagic(header[..held], path, what, rank);
        if (held < header.Length)
        {
            throw Damaged($"ends within the IDX header, after {held} bytes");
        }

        int[] sizes = new int[rank];
        long claimed = 1;
        for (int i = 0; i < rank; i++)
        {
            uint size = BinaryPrimitives.ReadUInt32BigEndian(header[(4 + (4 * i))..]);
            // Below 2^31 times at most 2^32: no overflow before the comparison.
            claimed *= size;
            if (size == 0)
            {
                throw Damaged($"says that dimension {i + 1} of {rank} is 0, so it holds no {what}");
            }

            if (claimed > Array.MaxLength)
            {
                throw Damaged($"claims more than the {Array.MaxLength} bytes that can be read");
            }

            sizes[i] = (int)size;
        }

        byte[] content = GrowingContent.Read(stream, (int)claimed);
        if (content.Length < claimed)
        {
            throw Damaged($"ends after {content.Length} of the {claimed} bytes that its header claims");
        }

        if (stream.ReadByte() >= 0)
        {
            throw Damaged($"holds more than the {claimed} bytes that its header claims");
        }

        if (trailerOf is not null)
        {
            var trailer = new GzipTrailer(trailerOf, header.Length + claimed);
            trailer.Append(header);
            trailer.Append(content);
            if (!trailer.Ends())
            {
                throw Damaged(
                    "is not one whole gzip file: its last bytes are not the checksum and the length of its content");
            }
        }

        return (sizes, content);
    }

    private static void CheckMagic(ReadOnlySpan<byte> header, string path, string what, int rank)
    {
        if (header.Length < 4 || header[0] != 0 || header[1] != 0)
        {
            throw new SereException(
                $"'{path}' is not an IDX file: it does not start with an IDX header; give an IDX file of {what}.");
        }

        if (header[2] != UnsignedByte)
        {
            throw new SereException(
                $"'{path}' holds values of IDX type 0x{header[2]:X2}; only unsigned bytes (0x08) can be read.");
        }

        if (header[3] != rank)
        {
            throw new SereException(
                $"'{path}' has {header[3]} dimensions where an IDX file of {what} has {rank}; check which file it is.");
        }
    }
}

/// <summary>Reads the four files of MNIST, or of a data set of the same form, gzipped or not.</summary>
internal static class MnistReader
{
    public static (ImageSet Train, ImageSet Test) Read(RemoteDataset dataset, string dataFolder, Action<string> warn) =>
        (ReadPart(dataset, dataFolder, "train", warn), ReadPart(dataset, dataFolder, "t10k", warn));

    private static ImageSet ReadPart(RemoteDataset dataset, string dataFolder, string part, Action<string> warn)
    {
        string folder = dataset.FolderIn(dataFolder);
        string name = $"{part}-images-idx3-ubyte";
        string imagePath = DataFile.Find(folder, name) ?? throw new SereException(
            $"'{name}' or '{name}{DataFile.GzipSuffix}' of data set '{dataset.Name}' is not in '{folder}'; get it with sere data "
            + $"fetch {dataset.Name}, or set {DataFolder.EnvironmentVariable} or --data-dir to the folder that holds "
            + $"'{dataset.Name}/' or '{DataFile.TorchvisionFolder(folder)}/raw/'.");
        ImageSet images = IdxReader.ReadImages(imagePath);
        if (!Holds(dataset.Files.First(file => string.Equals(file.Name, name, StringComparison.Ordinal)), images))
        {
            warn(
                $"'{imagePath}' does not hold the images of {dataset.Name}: its figures are of other data, whatever they are "
                + "called.");
        }

        if (DataFile.Find(folder, $"{part}-labels-idx1-ubyte") is not { } labelPath)
        {
            warn($"The labels of '{imagePath}' are not there, and training takes none.");
            return images;
        }

        byte[] labels = IdxReader.ReadLabels(labelPath);
        return labels.Length == images.Count
            ? images.WithLabels(labels)
            : throw new SereException(
                $"'{labelPath}' holds {labels.Length} labels for the {images.Count} images of '{imagePath}'; "
                + "copy or download both again.");
    }

    private static bool Holds(RemoteFile file, ImageSet images)
    {
        Span<byte> header = stackalloc byte[16];
        int[] sizes = [0x0803, images.Count, images.Shape.Height, images.Shape.Width];
        for (int i = 0; i < sizes.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(header[(4 * i)..], sizes[i]);
        }

        using var digest = file.StartDigest();
        digest.AppendData(header);
        digest.AppendData(images.Pixels);
        return file.Matches(digest);
    }
}
