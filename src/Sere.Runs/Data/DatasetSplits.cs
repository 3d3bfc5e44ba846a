using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Sere.Numerics;

namespace Sere.Data;

/// <summary>A data set cut into the images to train on, to choose by and to report on.</summary>
/// <param name="Name">The name that the data set was asked for by.</param>
/// <param name="Train">The images to train on.</param>
/// <param name="Validation">The images to choose models by; training needs at least one.</param>
/// <param name="Test">The images to report on; they never choose anything.</param>
public sealed record DatasetSplits(string Name, ImageSet Train, ImageSet Validation, ImageSet Test)
{
    private readonly ValueScale? _scale;

    /// <summary>What the values mean; where nothing else is said, what kind of values they are.</summary>
    public ValueScale Scale
    {
        get => _scale ?? (Train.IsReal ? ValueScale.Real : ValueScale.Bytes);
        init => _scale = value;
    }

    /// <summary>What is to be said of how the data were read, each a sentence.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Images with a defect, to be told from the test images, which are normal; null where nothing is known of such.</summary>
    internal ImageSet? Defects { get; init; }

    /// <summary>
    /// The digest of the images that these are features of; null where they are images themselves. Features differ in
    /// their last bits from one machine to another, and images do not.
    /// </summary>
    internal string? ImageDigest { get; init; }

    /// <summary>
    /// The SHA-256 of the images, their shape and their division: 64 lower-case hexadecimal digits. It tells whether a run
    /// goes on, or is evaluated, with the images that it was trained on.
    /// </summary>
    internal string Digest()
    {
        if (ImageDigest is not null)
        {
            return ImageDigest;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var images in (ImageSet[])[Train, Validation, Test])
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{images.Shape} {images.Count} {images.IsReal}\n"));
            hash.AppendData(images.IsReal ? MemoryMarshal.AsBytes(images.Values.AsSpan()) : images.Pixels);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The same division with the first training images alone.</summary>
    internal DatasetSplits WithTrainingImages(int? count) =>
        count is not { } wanted ? this
        : wanted >= 1 && wanted <= Train.Count ? this with { Train = Train.Slice(0, wanted) }
        : throw new UsageException(
            $"{wanted} training images cannot be taken from the {Train.Count} of data set '{Name}' that are not for "
            + $"validation; set dataset.trainingImages to a number from 1 to {Train.Count}, or to null for all.");

    /// <summary>Takes the last training images for validation.</summary>
    /// <param name="name">The name of the data set.</param>
    /// <param name="trainingImages">All training images.</param>
    /// <param name="test">The test images, of the same shape.</param>
    /// <param name="validationImages">How many of the last training images are the validation images.</param>
    /// <exception cref="UsageException">There are not more training images than that, or it is negative.</exception>
    /// <exception cref="SereException">Training and test images differ in shape.</exception>
    public static DatasetSplits FromTrainingImages(
        string name, ImageSet trainingImages, ImageSet test, int validationImages)
    {
        ArgumentNullException.ThrowIfNull(trainingImages);
        ArgumentNullException.ThrowIfNull(test);
        if (trainingImages.Shape != test.Shape)
        {
            throw new SereException(
                $"The training images of data set '{name}' have shape {trainingImages.Shape} but its test images have "
                + $"{test.Shape}; replace the files of one of the two.");
        }

        if (trainingImages.IsReal != test.IsReal)
        {
            throw new SereException(
                $"Of the training and the test images of data set '{name}' one are bytes and the other real values; store "
                + "both alike.");
        }

        if (validationImages < 0 || validationImages >= trainingImages.Count)
        {
            throw new UsageException(
                $"{validationImages} validation images cannot be taken from the {trainingImages.Count} training images "
                + $"of data set '{name}'; ask for a number from 0 to {trainingImages.Count - 1}.");
        }

        int kept = trainingImages.Count - validationImages;
        return new DatasetSplits(
            name, trainingImages.Slice(0, kept), trainingImages.Slice(kept, validationImages), test);
    }
}

/// <summary>Divides images that nobody has divided: a random tenth is for testing.</summary>
internal static class RandomSplit
{
    private const int FewestImages = 10;

    /// <summary>The splits, which depend on the seed and on the images' order alone.</summary>
    public static DatasetSplits Of(string name, ImageSet images, int validationImages, long seed)
    {
        RequireEnough(name, images);
        int[] order = [.. Enumerable.Range(0, images.Count)];
        new IntegerRandom(new RandomStreams(seed).Key(StreamPurpose.Split)).Shuffle(order);
        int tenth = images.Count / 10;
        int training = images.Count - tenth;
        int kept = training - Math.Min(validationImages, tenth);
        return new DatasetSplits(
            name,
            images.Select(order.AsSpan(0, kept)),
            images.Select(order.AsSpan(kept, training - kept)),
            images.Select(order.AsSpan(training)));
    }

    public static void RequireEnough(string name, ImageSet images)
    {
        if (images.Count < FewestImages)
        {
            throw new SereException(
                $"'{name}' holds {Counted(images.Count)}, and a data set needs at least {FewestImages}; add images or choose "
                + "another one.");
        }
    }

    private static string Counted(int images) => images == 1 ? "1 image" : $"{images} images";
}
