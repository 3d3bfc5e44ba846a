using System.IO.Compression;
using System.Security.Cryptography;
using Sere.Numerics;
using Sere.Storage;

namespace Sere.Data.Downloads;

/// <summary>What is on this disk of a data set that can be downloaded.</summary>
internal sealed record LocalDataset(RemoteDataset Dataset, string Folder, IReadOnlyList<LocalFile> Files)
{
    public bool IsComplete => Files.All(file => file.State == LocalFileState.Verified);

    /// <summary>Whether every file is there with the right content, or a shorter one that will do.</summary>
    public bool IsUsable => Files.All(file => file.State is LocalFileState.Verified or LocalFileState.Abridged);

    /// <summary>How much of its archive a broken-off download left that the next one goes on from, in bytes.</summary>
    public long ArchivePartialBytes { get; init; }

    /// <summary>Looks at the files and verifies the content of each; this reads them to their ends.</summary>
    public static LocalDataset Inspect(RemoteDataset dataset, string dataFolder)
    {
        string folder = dataset.FolderIn(dataFolder);
        return dataset.Archive is { } archive
            ? new LocalDataset(dataset, folder, [.. dataset.Files.Select(file => LocalFile.InspectUnpacked(file, folder))])
            {
                ArchivePartialBytes = new PartFile(folder, archive.Name).Length,
            }
            : new LocalDataset(dataset, folder, [.. dataset.Files.Select(file => LocalFile.Inspect(file, folder))]);
    }

    /// <summary>How many files are there under their names, whatever their content; this reads none.</summary>
    public static int CountFiles(RemoteDataset dataset, string dataFolder)
    {
        string folder = dataset.FolderIn(dataFolder);
        return dataset.Files.Count(file => dataset.Archive is null
            ? DataFile.Find(folder, file.Name) is not null
            : DataFile.Find(folder, file.Name, mayBeZipped: false) is not null);
    }

    /// <summary>Refuses a data set that cannot be used, by the names of what is missing or damaged.</summary>
    public void RequireUsable()
    {
        if (!IsUsable)
        {
            string force = Files.Any(file => file.State == LocalFileState.Damaged) ? " --force" : "";
            throw new SereException(
                $"Data set '{Dataset.Name}' is not complete in '{Folder}' (missing: {Names(LocalFileState.Missing)}; damaged: "
                + $"{Names(LocalFileState.Damaged)}); run sere data fetch {Dataset.Name}{force}.");
        }
    }

    private string Names(LocalFileState state)
    {
        string[] names =
        [
            .. Files.Where(file => file.State == state).Select(file => Path.GetFileName(file.Path) ?? file.Expected.Name),
        ];
        return names.Length > 0 ? string.Join(", ", names) : "none";
    }
}

/// <summary>What is on this disk of a file of a data set.</summary>
internal sealed record LocalFile(RemoteFile Expected, LocalFileState State, string? Path, long PartialBytes)
{
    internal static LocalFile Inspect(RemoteFile file, string folder)
    {
        string? path = DataFile.Find(folder, file.Name);
        LocalFileState state = path is null ? LocalFileState.Missing
            : ContentCheck.IsWhole(path, file) ? LocalFileState.Verified
            : LocalFileState.Damaged;
        return new LocalFile(file, state, path, new PartFile(folder, file.GzipName).Length);
    }

    /// <summary>Puts a part that is whole into its place, and removes a damaged file of another form.</summary>
    /// <returns>Its path.</returns>
    public string Replace(PartFile part, bool overwrite)
    {
        string target = part.Place(overwrite);
        if (State == LocalFileState.Damaged && !string.Equals(Path, target, StringComparison.Ordinal))
        {
            // An unpacked file is read before a gzipped one, and it is replaced whatever its form.
            PartFile.DeleteFile(Path!);
        }

        return target;
    }

    /// <summary>Looks at a file that comes out of an archive, as it is read, or at the shorter one that will do.</summary>
    /// <exception cref="SereException">It is there but cannot be read.</exception>
    internal static LocalFile InspectUnpacked(RemoteFile file, string folder)
    {
        return DataFile.Find(folder, file.Name, mayBeZipped: false) is { } path
                ? Judge(path, file, LocalFileState.Verified)
            : file.Abridged is { } other && DataFile.Find(folder, other.Name, mayBeZipped: false) is { } abridged
                ? Judge(abridged, other, LocalFileState.Abridged)
            : new LocalFile(file, LocalFileState.Missing, null, 0);

        LocalFile Judge(string path, RemoteFile content, LocalFileState whole) =>
            new(file, ContentCheck.IsWholePlain(path, content) ? whole : LocalFileState.Damaged, path, 0);
    }
}

/// <summary>What is on this disk of a file.</summary>
internal enum LocalFileState
{
    Missing,

    Verified,

    /// <summary>A shorter file that will do in its place, with the right content; see <see cref="RemoteFile.Abridged"/>.</summary>
    Abridged,

    Damaged,
}

/// <summary>
/// Compares files with what they should be. A file is streamed, and unpacked no further than one byte past the size that
/// it should have, so that a small file that unpacks to a huge one costs nothing.
/// </summary>
internal static class ContentCheck
{
    private const int BufferLength = 1 << 16;

    public static bool IsWholePlain(string path, RemoteFile file) =>
        Read(path, stream => OfPlain(stream, file)) == ContentState.Whole;

    /// <summary>Whether a file, as it is or gzipped (told by content, as its reader does), has the right content.</summary>
    /// <exception cref="SereException">It cannot be read.</exception>
    public static bool IsWhole(string path, RemoteFile file) =>
        Read(path, stream => FileKinds.Of(stream) == FileKind.Gzip ? OfGzip(stream, file) : OfPlain(stream, file)) == ContentState.Whole;

    public static ContentState OfGzip(string path, RemoteFile file) => Read(path, stream => OfGzip(stream, file));

    private static ContentState Read(string path, Func<FileStream, ContentState> read) => FileFault.Reading(path, () =>
    {
        if (!OrdinaryFile.HasContent(path))
        {
            return ContentState.Wrong;
        }

        using FileStream stream = OrdinaryFile.OpenRead(path);
        return read(stream);
    });

    private static ContentState OfPlain(FileStream stream, RemoteFile file)
    {
        if (stream.Length != file.Size)
        {
            return ContentState.Wrong;
        }

        return file.Matches(CryptographicOperations.HashData(file.DigestAlgorithm, stream)) ? ContentState.Whole : ContentState.Wrong;
    }

    internal static ContentState OfGzip(Stream stream, RemoteFile file)
    {
        if (stream.Length > file.LargestGzip)
        {
            return ContentState.Wrong;
        }

        using var hash = file.StartDigest();
        var trailer = new GzipTrailer(stream, file.Size);
        long length = 0;
        try
        {
            using var unzipped = new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true);
            byte[] buffer = new byte[BufferLength];
            int read;
            do
            {
                // One byte too many shows that there are more, and then nothing is asked for.
                read = unzipped.Read(buffer, 0, (int)Math.Min(buffer.Length, file.Size + 1 - length));
                hash.AppendData(buffer, 0, read);
                trailer.Append(buffer.AsSpan(0, read));
                length += read;
            }
            while (read > 0);
        }
        catch (InvalidDataException)
        {
            return ContentState.Wrong;
        }

        // Right content without its trailer is a file whose last bytes are missing, or one with bytes behind it: to go on is
        // right for the first and comes to nothing for the second.
        bool isWhole = length == file.Size && file.Matches(hash);
        return isWhole && trailer.Ends() ? ContentState.Whole
            : isWhole || (length < file.Size && !trailer.Ends()) ? ContentState.Truncated
            : ContentState.Wrong;
    }
}

/// <summary>What a downloaded file is.</summary>
internal enum ContentState
{
    Whole,

    Truncated,

    Wrong,
}

/// <summary>What there is to know about a data set that has a name of its own.</summary>
internal sealed record DatasetInfo(
    string Name,
    string Description,
    ImageShape Shape,
    int TrainImages,
    int TestImages,
    string Credit,
    RemoteDataset? Download)
{
    /// <summary>How many test images will do, the first ones, where not all are there; null where all have to be.</summary>
    public int? AbridgedTestImages { get; init; }

    public static IReadOnlyList<DatasetInfo> Known { get; } =
    [
        new DatasetInfo(
            "digits",
            "grey digits that the program draws by itself",
            DigitsGenerator.Shape,
            DigitsGenerator.TrainImages,
            DigitsGenerator.TestImages,
            "Part of this program.",
            Download: null),
        new DatasetInfo(
            RemoteDataset.Mnist.Name,
            "grey handwritten digits",
            new ImageShape(1, 28, 28),
            TrainImages: 60_000,
            TestImages: 10_000,
            "Yann LeCun, Corinna Cortes, Christopher J. C. Burges: the MNIST database of handwritten digits; derived from "
            + "data of NIST; made available under CC BY-SA 3.0.",
            RemoteDataset.Mnist),
        new DatasetInfo(
            RemoteDataset.FashionMnist.Name,
            "grey pictures of clothing, shoes and bags",
            new ImageShape(1, 28, 28),
            TrainImages: 60_000,
            TestImages: 10_000,
            "Han Xiao, Kashif Rasul, Roland Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning "
            + "Algorithms, 2017; copyright Zalando SE, MIT License.",
            RemoteDataset.FashionMnist),
        new DatasetInfo(
            RemoteDataset.Cifar10.Name,
            "small colour photographs of ten kinds of things",
            Cifar10Reader.Shape,
            TrainImages: 50_000,
            TestImages: 10_000,
            "Alex Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009.",
            RemoteDataset.Cifar10)
        {
            AbridgedTestImages = 1000,
        },
        Parts(PartsGenerator.Grey, "grey pictures of parts that the program draws", colour: false),
        Parts(PartsGenerator.Colour, "the same in colour", colour: true),
        Toy("two-moons", "points on the plane around two half circles"),
        Toy("checkerboard", "points on the dark squares of a checkerboard on the plane"),
        Toy("rings", "points on the plane around circles of one centre"),
    ];

    public static DatasetInfo Find(string name)
    {
        return Known.FirstOrDefault(info => string.Equals(info.Name, name, StringComparison.Ordinal))
            ?? throw Unknown(name, Known);
    }

    public static RemoteDataset FindDownload(string name)
    {
        DatasetInfo? info = Known.FirstOrDefault(info => string.Equals(info.Name, name, StringComparison.Ordinal));
        return info is null ? throw Unknown(name, Known.Where(known => known.Download is not null))
            : info.Download ?? throw new UsageException(
                $"Data set '{name}' is built in and needs no download; use it with --dataset {name}.");
    }

    private static UsageException Unknown(string name, IEnumerable<DatasetInfo> candidates)
    {
        string[] names = [.. candidates.Select(info => info.Name)];
        string suggestion = NearestName.Find(name, names) is { } nearest ? $"; did you mean '{nearest}'?" : ".";
        return new UsageException($"There is no data set '{name}'; known are {string.Join(", ", names)}{suggestion}");
    }

    private static DatasetInfo Parts(string name, string description, bool colour) => new(
        name,
        description,
        PartsGenerator.Shape(colour),
        PartsGenerator.TrainImages,
        PartsGenerator.TestImages,
        "Part of this program.",
        Download: null);

    private static DatasetInfo Toy(string name, string description) => new(
        name,
        description,
        new ImageShape(1, 1, 2),
        ToyGenerator.TrainVectors,
        ToyGenerator.TestVectors,
        "Part of this program.",
        Download: null);
}
