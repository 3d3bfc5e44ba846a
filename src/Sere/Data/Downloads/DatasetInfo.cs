using Sere.Numerics;

namespace Sere.Data.Downloads;

/// <summary>What there is to know about a data set that has a name of its own.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is, in a few words.</param>
/// <param name="Shape">The shape of each image.</param>
/// <param name="TrainImages">How many training images it has.</param>
/// <param name="TestImages">How many test images it has.</param>
/// <param name="Credit">Who made it, and on what terms it may be used.</param>
/// <param name="Download">Where it comes from; null where it is built in.</param>
public sealed record DatasetInfo(
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

    /// <summary>All of them.</summary>
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
        Toy("two-moons", "points on the plane around two half circles"),
        Toy("checkerboard", "points on the dark squares of a checkerboard on the plane"),
        Toy("rings", "points on the plane around circles of one centre"),
    ];

    /// <summary>Finds a data set by its name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="UsageException">There is none of that name.</exception>
    public static DatasetInfo Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Known.FirstOrDefault(info => string.Equals(info.Name, name, StringComparison.Ordinal))
            ?? throw Unknown(name, Known);
    }

    /// <summary>Finds a data set that can be downloaded.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="UsageException">There is none of that name, or it is built in.</exception>
    public static RemoteDataset FindDownload(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
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

    private static DatasetInfo Toy(string name, string description) => new(
        name,
        description,
        new ImageShape(1, 1, 2),
        ToyGenerator.TrainVectors,
        ToyGenerator.TestVectors,
        "Part of this program.",
        Download: null);
}
