using Sere.Numerics;

namespace Sere.Data;

/// <summary>The data sets that can be asked for by name.</summary>
public static class DatasetCatalog
{
    private const string Digits = "digits";
    private const string Mnist = "mnist";
    /// <summary>What the name of a data set begins with that is a folder of images.</summary>
    public const string ImagesPrefix = "images:";
    private const int FewestImages = 10;

    /// <summary>The known names; "images:DIR" stands for a folder of the user's own images.</summary>
    public static IReadOnlyList<string> Names { get; } = [Digits, Mnist, ImagesPrefix + "DIR"];

    /// <summary>Loads a data set into memory.</summary>
    /// <param name="name">
    /// "digits" (built in), "mnist" (from the data folder), or "images:DIR": the PNG, JPEG and WebP files of a folder,
    /// of which a random tenth are the test images.
    /// </param>
    /// <param name="dataFolderOption">The value of --data-dir, or null; see <see cref="DataFolder.Resolve(string?)"/>.</param>
    /// <param name="validationImages">
    /// How many of the last training images are for validation; of a folder, at most a tenth of its images.
    /// </param>
    /// <param name="seed">
    /// What the split of a folder is drawn from, so it has to be the same whenever a model meets the folder again. The
    /// other data sets do not depend on it: their images are the same in every run.
    /// </param>
    /// <exception cref="UsageException">The name is unknown, or the number of validation images does not fit.</exception>
    /// <exception cref="SereException">The files are missing, damaged or too few.</exception>
    public static DatasetSplits Load(string name, string? dataFolderOption, int validationImages, long seed)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.StartsWith(ImagesPrefix, StringComparison.Ordinal) && name.Length > ImagesPrefix.Length)
        {
            return SplitFolder(name, ImageFolderReader.Read(name[ImagesPrefix.Length..]), validationImages, seed);
        }

        return name switch
        {
            Digits => DatasetSplits.FromTrainingImages(
                name, DigitsGenerator.GenerateTrain(), DigitsGenerator.GenerateTest(), validationImages),
            Mnist => LoadMnist(Path.Combine(DataFolder.Resolve(dataFolderOption), Mnist), validationImages),
            _ => throw Unknown(name),
        };
    }

    private static UsageException Unknown(string name)
    {
        string? nearest = NearestName.Find(name, Names);
        string suggestion = nearest is null ? "" : $"; did you mean '{nearest}'?";
        return new UsageException($"There is no data set '{name}'; known are {string.Join(", ", Names)}{suggestion}");
    }

    private static DatasetSplits LoadMnist(string folder, int validationImages) =>
        DatasetSplits.FromTrainingImages(
            Mnist, LoadMnistPart(folder, "train"), LoadMnistPart(folder, "t10k"), validationImages);

    private static ImageSet LoadMnistPart(string folder, string part)
    {
        string imagePath = FindMnistFile(folder, $"{part}-images-idx3-ubyte");
        string labelPath = FindMnistFile(folder, $"{part}-labels-idx1-ubyte");
        ImageSet images = IdxReader.ReadImages(imagePath);
        byte[] labels = IdxReader.ReadLabels(labelPath);
        return labels.Length == images.Count
            ? new ImageSet(images.Shape, images.Pixels, labels)
            : throw new SereException(
                $"'{labelPath}' holds {labels.Length} labels for the {images.Count} images of '{imagePath}'; "
                + "copy or download both again.");
    }

    private static string FindMnistFile(string folder, string file) =>
        DataFile.Find(folder, file) ?? throw new SereException(
            $"'{file}' or '{file}{DataFile.GzipSuffix}' of data set '{Mnist}' is not in '{folder}'; get it with sere data "
            + $"fetch {Mnist}, or set {DataFolder.EnvironmentVariable} or --data-dir to the folder that holds '{Mnist}/'.");

    private static DatasetSplits SplitFolder(string name, ImageSet images, int validationImages, long seed)
    {
        if (images.Count < FewestImages)
        {
            throw new SereException(
                $"'{name[ImagesPrefix.Length..]}' holds {images.Count} images, and a data set needs at least "
                + $"{FewestImages}; add images or choose another folder.");
        }

        int[] order = [.. Enumerable.Range(0, images.Count)];
        new IntegerRandom(new RandomStreams(seed).Key(StreamPurpose.Split)).Shuffle(order);
        int tenth = images.Count / 10;
        int training = images.Count - tenth;
        return DatasetSplits.FromTrainingImages(
            name,
            images.Select(order.AsSpan(0, training)),
            images.Select(order.AsSpan(training)),
            Math.Min(validationImages, tenth));
    }
}
