namespace Sere.Data.Downloads;

/// <summary>A data set that mirrors serve, file by file.</summary>
/// <param name="Name">Its name, which is also that of its folder in the data folder.</param>
/// <param name="Mirrors">Addresses of folders that hold all files, ending in "/"; tried in this order.</param>
/// <param name="Files">Its files.</param>
public sealed record RemoteDataset(string Name, IReadOnlyList<Uri> Mirrors, IReadOnlyList<RemoteFile> Files)
{
    /// <summary>The 70,000 images of MNIST and their labels.</summary>
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

    /// <summary>The folder that its files lie in.</summary>
    /// <param name="dataFolder">The data folder; see <see cref="DataFolder.Resolve(string?)"/>.</param>
    public string FolderIn(string dataFolder) => Path.Combine(dataFolder, Name);

    /// <summary>The same data set from one mirror of the user's own; what it serves is verified the same way.</summary>
    /// <param name="address">The http or https address of a folder that holds all files.</param>
    /// <exception cref="UsageException">It is no such address.</exception>
    public RemoteDataset FromMirror(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        // Files are appended to the address and it stands in messages: neither a query nor a password belongs into it.
        return Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out Uri? mirror)
            && mirror is { Scheme: "http" or "https", Query.Length: 0, Fragment.Length: 0, UserInfo.Length: 0 }
            ? this with { Mirrors = [mirror] }
            : throw new UsageException(
                $"'{address}' is not the address of a mirror; give the http or https address of a folder, such as "
                + "https://example.org/mnist/, without user name, query or fragment.");
    }
}
