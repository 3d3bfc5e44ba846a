using Sere.Data.Downloads;
using Sere.Numerics;

namespace Sere.Data;

/// <summary>The data sets that can be asked for by name.</summary>
public static class DatasetCatalog
{
    private const string ImagesPrefix = "images:";
    private const string ArrayPrefix = "npy:";

    private static readonly OrderedDictionary<string, ToyShape> Toys = new(StringComparer.Ordinal)
    {
        ["two-moons"] = ToyShape.TwoMoons,
        ["checkerboard"] = ToyShape.Checkerboard,
        ["rings"] = ToyShape.Rings,
    };

    /// <summary>The known names; "images:DIR" and "npy:FILE" stand for images and vectors of one's own.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "digits", "mnist", "fashion-mnist", "cifar10", PartsGenerator.Grey, PartsGenerator.Colour, .. Toys.Keys,
        ImagesPrefix + "DIR", ArrayPrefix + "FILE",
    ];

    /// <summary>Loads a data set into memory.</summary>
    /// <param name="name">
    /// "digits", "parts" and "parts-colour" (built in), "two-moons", "checkerboard" and "rings" (built-in vectors of two
    /// numbers), "mnist", "fashion-mnist" and "cifar10" (from the data folder; of the test images of CIFAR-10 the first 1,000
    /// will do), "images:DIR" (the PNG, JPEG, WebP and BMP files of a folder), or "npy:FILE" (a .npy or .npz file, see
    /// <see cref="ArrayFileReader"/>). Of images that are not divided into training and test images, a random tenth are the
    /// test images.
    /// </param>
    /// <param name="dataFolderOption">The value of --data-dir, or null; see <see cref="DataFolder.Resolve(string?)"/>.</param>
    /// <param name="validationImages">
    /// How many of the last training images are for validation; of images of one's own, and of parts, at most a tenth.
    /// </param>
    /// <param name="seed">
    /// What the split of one's own images is drawn from, so it has to be the same whenever a model meets them again. The
    /// other data sets do not depend on it: their images are the same in every run.
    /// </param>
    /// <param name="gray">Whether colours become grey values.</param>
    /// <param name="resize">The shape whose height and width each image is stretched to, or null.</param>
    /// <param name="scale">
    /// What the values of one's own images mean; null to decide it by those that are not test images.
    /// </param>
    /// <exception cref="UsageException">
    /// The name is unknown, or the number of validation images, or the scale, does not fit.
    /// </exception>
    /// <exception cref="SereException">The files are missing, damaged or too few.</exception>
    public static DatasetSplits Load(
        string name,
        string? dataFolderOption,
        int validationImages,
        long seed,
        bool gray = false,
        ImageShape? resize = null,
        ValueScale? scale = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        var remarks = new List<string>();
        if (PathOf(name, ImagesPrefix) is { } folder)
        {
            var (images, found) = ImageFolderReader.ReadFolder(folder, gray, resize, mixed: false, scale, remarks.Add);
            return RandomSplit.Of(name, images, validationImages, seed) with { Scale = found, Remarks = remarks };
        }

        if (PathOf(name, ArrayPrefix) is { } file)
        {
            var (all, separate, found) = ArrayFileReader.ReadParts(file, scale, remarks.Add);
            all = ImageFitting.Fit(all, gray, resize, file);
            RandomSplit.RequireEnough(name, all);
            var splits = separate is null
                ? RandomSplit.Of(name, all, validationImages, seed)
                : DatasetSplits.FromTrainingImages(
                    name,
                    all,
                    ImageFitting.Fit(separate, gray, resize, file),
                    Math.Min(validationImages, all.Count / 10));
            return splits with { Scale = found, Remarks = remarks };
        }

        var (train, test) = name switch
        {
            "digits" => (DigitsGenerator.GenerateTrain(), DigitsGenerator.GenerateTest()),
            "mnist" => MnistReader.Read(RemoteDataset.Mnist, DataFolder.Resolve(dataFolderOption), remarks.Add),
            "fashion-mnist" =>
                MnistReader.Read(RemoteDataset.FashionMnist, DataFolder.Resolve(dataFolderOption), remarks.Add),
            "cifar10" => Cifar10Reader.Read(Path.Combine(DataFolder.Resolve(dataFolderOption), name), remarks.Add),
            PartsGenerator.Grey or PartsGenerator.Colour => Parts(colour: name is PartsGenerator.Colour),
            _ => ToyGenerator.Generate(Toy(name) ?? throw Unknown(name)),
        };
        var defects = name is PartsGenerator.Grey or PartsGenerator.Colour
            ? PartsGenerator.GenerateDefects(colour: name is PartsGenerator.Colour)
            : null;

        // There are few parts: where a preset keeps thousands for validation, a tenth has to do.
        validationImages = defects is null ? validationImages : Math.Min(validationImages, train.Count / 10);
        var known = DatasetSplits.FromTrainingImages(
            name, ImageFitting.Fit(train, gray, resize, name), ImageFitting.Fit(test, gray, resize, name), validationImages);
        known = known with
        {
            Defects = defects is null ? null : ImageFitting.Fit(defects, gray, resize, name),
            Remarks = remarks,
        };
        return scale is null || scale == known.Scale ? known : throw new UsageException(
            $"dataset.scale is for images of one's own, and the values of data set '{name}' are known; leave it null.");
    }

    /// <summary>The same name with a full path, where it names a folder or a file: it is looked for from elsewhere later.</summary>
    public static string WithFullPath(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return PathOf(name, ImagesPrefix) is { } folder
                ? ImagesPrefix + Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))
            : PathOf(name, ArrayPrefix) is { } file ? ArrayPrefix + Path.GetFullPath(file)
            : name;
    }

    /// <summary>What a data set is called for short: the name of its folder, or of its file without the ending.</summary>
    internal static string ShortName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return PathOf(name, ImagesPrefix) is { } folder ? Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))
            : PathOf(name, ArrayPrefix) is { } file ? Path.GetFileNameWithoutExtension(file)
            : name;
    }

    /// <summary>The built-in vectors of a name; null for other data sets.</summary>
    internal static ToyShape? Toy(string name) => Toys.TryGetValue(name, out var toy) ? toy : null;

    internal static bool IsFolder(string name) => PathOf(name, ImagesPrefix) is not null;

    /// <summary>The folder or file that a name stands for; null for a data set with a name of its own.</summary>
    internal static string? PlaceOf(string name) => PathOf(name, ImagesPrefix) ?? PathOf(name, ArrayPrefix);

    private static (ImageSet Train, ImageSet Test) Parts(bool colour) =>
        (PartsGenerator.GenerateTrain(colour), PartsGenerator.GenerateTest(colour));

    private static string? PathOf(string name, string prefix) =>
        name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : null;

    private static UsageException Unknown(string name)
    {
        string? nearest = NearestName.Find(name, Names);
        string suggestion = Directory.Exists(name) ? $"; for the images of that folder say '{ImagesPrefix}{name}'."
            : File.Exists(name) ? $"; for the arrays of that file say '{ArrayPrefix}{name}'."
            : nearest is null ? ""
            : $"; did you mean '{nearest}'?";
        return new UsageException($"There is no data set '{name}'; known are {string.Join(", ", Names)}{suggestion}");
    }
}
