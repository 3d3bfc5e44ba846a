using System.Reflection;

namespace Sere.Data;

/// <summary>What images can be turned into before a model sees them (<c>dataset.features</c>).</summary>
public enum ImageFeatures
{
    /// <summary>The 512 pooled features of a ResNet-18 that was trained on photographs; in the package Sere.Features.</summary>
    Resnet18,
}

/// <summary>Turns images into vectors of numbers that say what is on them.</summary>
public interface IImageFeatures : IDisposable
{
    /// <summary>The features of images of bytes, of any size, grey or colour.</summary>
    /// <param name="images">The images.</param>
    /// <param name="onImages">Called with the number of images done, by several threads.</param>
    /// <param name="cancellation">Asks to stop.</param>
    /// <returns>A vector of real values for each image, which is an image of one row, with their labels and names.</returns>
    /// <exception cref="SereException">The images are real values.</exception>
    ImageSet Extract(ImageSet images, Action<int>? onImages = null, CancellationToken cancellation = default);

    /// <summary>The features at each place of images of bytes, of any size, grey or colour.</summary>
    /// <param name="images">The images.</param>
    /// <param name="onImages">Called with the number of images done, by several threads.</param>
    /// <param name="cancellation">Asks to stop.</param>
    /// <returns>For each image a plane of places for each feature, with their labels and names.</returns>
    /// <exception cref="SereException">The images are real values.</exception>
    ImageSet ExtractPlaces(ImageSet images, Action<int>? onImages = null, CancellationToken cancellation = default);
}

/// <summary>Finds what computes features, in a package that a program need not have.</summary>
internal static class ImageFeatureExtraction
{
    private const string Package = "Sere.Features";
    private const BindingFlags AsItIs = BindingFlags.Instance | BindingFlags.Public | BindingFlags.DoNotWrapExceptions;

    /// <summary>The largest shape of images that features are taken of; others are stretched to it.</summary>
    public static ImageShape Shape { get; } = new(3, 224, 224);

    /// <summary>Whether the package of a kind of features is part of the program.</summary>
    public static bool IsThere(ImageFeatures kind) => Find(kind) is not null;

    /// <summary>What computes features of a kind, with as many threads as all else.</summary>
    /// <exception cref="SereException">Its package is not part of the program, or does not run on this platform.</exception>
    public static IImageFeatures Open(ImageFeatures kind)
    {
        var type = Find(kind) ?? throw new SereException(
            $"The features '{kind.ToString().ToLowerInvariant()}' come with the package {Package}, which this program does not "
            + $"have; add it with 'dotnet add package {Package}'.");
        return (IImageFeatures)Activator.CreateInstance(
            type, AsItIs, binder: null, args: [TorchSharp.torch.get_num_threads()], culture: null)!;
    }

    private static Type? Find(ImageFeatures kind)
    {
        string name = kind switch
        {
            ImageFeatures.Resnet18 => "ResNet18Features",
        };
        return Type.GetType($"{Package}.{name}, {Package}");
    }

    /// <summary>The same division of the features of its images; what they are told by stays that of the images.</summary>
    public static DatasetSplits Extract(ImageFeatures kind, DatasetSplits images)
    {
        using var features = Open(kind);
        return images with
        {
            Train = features.Extract(images.Train),
            Validation = features.Extract(images.Validation),
            Test = features.Extract(images.Test),
            Defects = images.Defects is null ? null : features.Extract(images.Defects),
            Scale = images.Scale,
            ImageDigest = images.Digest(),
        };
    }
}
