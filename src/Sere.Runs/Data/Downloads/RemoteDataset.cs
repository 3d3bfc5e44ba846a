using System.Security.Cryptography;

namespace Sere.Data.Downloads;

/// <summary>A data set that mirrors serve, file by file or in one archive.</summary>
internal sealed record RemoteDataset(string Name, IReadOnlyList<Uri> Mirrors, IReadOnlyList<RemoteFile> Files)
{
    public static RemoteDataset Mnist { get; } = new(
        "mnist",
        [
            new Uri("https://ossci-datasets.s3.amazonaws.com/mnist/"),
            new Uri("https://storage.googleapis.com/cvdf-datasets/mnist/"),
        ],
        [
            new RemoteFile(
                "train-images-idx3-ubyte",
                47_040_016,
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            new RemoteFile(
                "train-labels-idx1-ubyte",
                60_008,
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            new RemoteFile(
                "t10k-images-idx3-ubyte",
                7_840_016,
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            new RemoteFile(
                "t10k-labels-idx1-ubyte",
                10_008,
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
        ]);

    public static RemoteDataset FashionMnist { get; } = new(
        "fashion-mnist",
        [
            new Uri("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
            new Uri("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"),
        ],
        [
            new RemoteFile(
                "train-images-idx3-ubyte",
                47_040_016,
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
            new RemoteFile(
                "train-labels-idx1-ubyte",
                60_008,
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
            new RemoteFile(
                "t10k-images-idx3-ubyte",
                7_840_016,
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
            new RemoteFile(
                "t10k-labels-idx1-ubyte",
                10_008,
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
        ]);

    /// <summary>The 60,000 images of CIFAR-10 and their labels, in the binary version.</summary>
    public static RemoteDataset Cifar10 { get; } = new(
        "cifar10",
        [
            new Uri("https://www.cs.toronto.edu/~kriz/"),
            new Uri("https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/"),
        ],
        [
            Cifar10File(Cifar10Reader.TrainingFile(1), "5dd7e06a14cb22eb9f671a540d1b7c25"),
            Cifar10File(Cifar10Reader.TrainingFile(2), "5ea93a67294ea407fff1d09f752e9692"),
            Cifar10File(Cifar10Reader.TrainingFile(3), "942cd6a4bcdd0dd3c604fbe906cb4421"),
            Cifar10File(Cifar10Reader.TrainingFile(4), "ae636b3ba5c66a11e91e8cb52e771fcb"),
            Cifar10File(Cifar10Reader.TrainingFile(5), "53f37980c15c3d472c316c40844f3f0d"),
            Cifar10File(Cifar10Reader.TestFile, "803d5f7f4d78ea53de84dbe85f74fb6d") with
            {
                Abridged = Cifar10File(
                    Cifar10Reader.AbridgedTestFile,
                    "8314c96d7cd65618193bab23acdd5d4c4af15bf6dd00a1781d55beedf3be1ef5",
                    images: 1000),
            },
        ])
    {
        Archive = new RemoteArchive("cifar-10-binary.tar.gz"),
    };

    /// <summary>The archive that holds all files, or null where each comes by itself.</summary>
    public RemoteArchive? Archive { get; init; }

    public string FolderIn(string dataFolder) => Path.Combine(dataFolder, Name);

    /// <summary>The same data set from one mirror of the user's own; what it serves is verified the same way.</summary>
    public RemoteDataset FromMirror(string address)
    {
        // Files are appended to the address and it stands in messages: neither a query nor a password belongs into it.
        return Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out Uri? mirror)
            && mirror is { Scheme: "http" or "https", Query.Length: 0, Fragment.Length: 0, UserInfo.Length: 0 }
            ? this with { Mirrors = [mirror] }
            : throw new UsageException(
                $"'{address}' is not the address of a mirror; give the http or https address of a folder, such as "
                + "https://example.org/mnist/, without user name, query or fragment.");
    }

    private static RemoteFile Cifar10File(string name, string digest, int images = 10_000) =>
        new(name, (long)images * Cifar10Reader.RecordLength, digest);
}

/// <summary>A gzipped tar archive of all files of a data set.</summary>
internal sealed record RemoteArchive(string Name)
{
    // Beside the files: headers, folders, a page of explanation.
    private const long Besides = 1 << 20;

    /// <summary>The most bytes that an archive of the files can have unpacked.</summary>
    internal static long LargestUnpacked(IEnumerable<RemoteFile> files) => Besides + files.Sum(file => file.Size);

    /// <summary>The most bytes that it can have as it is served.</summary>
    internal static long LargestPacked(IEnumerable<RemoteFile> files) => RemoteFile.LargestGzipOf(LargestUnpacked(files));
}

/// <summary>A file of a data set that mirrors serve: gzipped, under its name and ".gz", or in an archive.</summary>
internal sealed record RemoteFile(string Name, long Size, string Digest)
{
    // Where its makers published no SHA-256: nobody is known to be able to make another file of a given MD5.
    private const int Md5Length = 32;

    /// <summary>A file of its first part, which will do where the whole one is not there; null where there is none.</summary>
    public RemoteFile? Abridged { get; init; }

    public string? Sha256 => Digest.Length == Md5Length ? null : Digest;

    public string? Md5 => Digest.Length == Md5Length ? Digest : null;

    public HashAlgorithmName DigestAlgorithm => Md5 is null ? HashAlgorithmName.SHA256 : HashAlgorithmName.MD5;

    /// <summary>The name that mirrors serve the file under, and that it has on this disk.</summary>
    public string GzipName => Name + DataFile.GzipSuffix;

    /// <summary>
    /// The most bytes that a gzip file of this content can have: deflate makes nothing longer by a hundredth, and a
    /// header is short.
    /// </summary>
    internal long LargestGzip => LargestGzipOf(Size);

    internal static long LargestGzipOf(long size) => size + (size / 100) + 4096;

    internal IncrementalHash StartDigest() => IncrementalHash.CreateHash(DigestAlgorithm);

    /// <summary>Whether a digest that <see cref="StartDigest"/> began is the file's; it begins anew.</summary>
    internal bool Matches(IncrementalHash digest) => Matches(digest.GetHashAndReset());

    internal bool Matches(byte[] digest) =>
        string.Equals(Convert.ToHexStringLower(digest), Digest, StringComparison.Ordinal);
}
