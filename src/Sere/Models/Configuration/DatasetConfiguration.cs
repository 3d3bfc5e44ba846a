using System.Text.Json.Serialization;
using Sere.Data;

namespace Sere.Models.Configuration;

/// <summary>The images of a run and how they are prepared.</summary>
public sealed record DatasetConfiguration
{
    /// <summary>The data set: a known name ("digits", "mnist", "cifar10"), "images:DIR" or "npy:FILE"; not empty.</summary>
    public string Name { get; init; } = "digits";

    /// <summary>How many images are trained on, the first ones; null for all that are not for validation.</summary>
    public int? TrainingImages { get; init; }

    /// <summary>How many images at the end of the training split are kept for validation; at least 1.</summary>
    public int ValidationImages { get; init; } = 5000;

    /// <summary>How grey values become binary pixels.</summary>
    public BinarizationRule Binarization { get; init; } = BinarizationRule.Dynamic;

    /// <summary>Whether the levels of bytes become real values.</summary>
    public DequantizationRule Dequantization { get; init; } = DequantizationRule.None;

    /// <summary>How the values of a data set become what a model is given.</summary>
    [JsonIgnore]
    public BinarizationRule Preparation =>
        Dequantization == DequantizationRule.Uniform ? BinarizationRule.Dequantized : Binarization;

    /// <summary>Whether each image is mirrored with probability one half in each step of training, and in training alone.</summary>
    public bool HorizontalFlips { get; init; }

    /// <summary>Whether colours become grey values.</summary>
    public bool Gray { get; init; }

    /// <summary>The size that each image is stretched to; null to take images as they are.</summary>
    public ImageSizeConfiguration? Resize { get; init; }

    /// <summary>
    /// The shape of an image. Null in a preset; a run's configuration holds it, so that the model can be rebuilt without
    /// the data.
    /// </summary>
    public ImageShapeConfiguration? Shape { get; init; }

    /// <summary>The range of the training values, where they are real; set by the run like the shape.</summary>
    public ValueRangeConfiguration? Range { get; init; }

    /// <summary>What the values of images of one's own mean; null to decide it by the training images, as a run then keeps it.</summary>
    public ValueScale? Scale { get; init; }

    /// <summary>The digest of the images that the run was trained on (DatasetSplits.Digest), set by the run; else empty.</summary>
    public string Digest { get; init; } = "";

    internal void Validate(string path)
    {
        ConfigurationCheck.Require(
            Name is { Length: >= 1 and <= 4096 }, $"{path}.name", Name, "a text of 1 to 4096 characters");
        ConfigurationCheck.Require(
            TrainingImages is null or (>= 1 and <= ConfigurationCheck.MaximumCount),
            $"{path}.trainingImages",
            TrainingImages,
            $"a whole number from 1 to {ConfigurationCheck.MaximumCount}, or null");
        ConfigurationCheck.Require(
            ValidationImages is >= 1 and <= ConfigurationCheck.MaximumCount,
            $"{path}.validationImages",
            ValidationImages,
            $"a whole number from 1 to {ConfigurationCheck.MaximumCount}");
        ConfigurationCheck.RequireNamed($"{path}.binarization", Binarization);
        ConfigurationCheck.Require(
            Binarization != BinarizationRule.Dequantized,
            $"{path}.binarization",
            "dequantized",
            $"none, with {path}.dequantization uniform");
        ConfigurationCheck.RequireNamed($"{path}.dequantization", Dequantization);
        ConfigurationCheck.Require(
            Dequantization == DequantizationRule.None || Binarization == BinarizationRule.None,
            $"{path}.dequantization",
            "uniform",
            $"none where {path}.binarization is not");
        Resize?.Validate($"{path}.resize");
        Shape?.Validate($"{path}.shape");
        Range?.Validate($"{path}.range");
        if (Scale is { } scale)
        {
            ConfigurationCheck.RequireNamed($"{path}.scale", scale);
        }

        ConfigurationCheck.Require(
            Digest is { Length: 0 or 64 } && Digest.All(char.IsAsciiHexDigitLower),
            $"{path}.digest",
            Digest,
            "64 lower-case hexadecimal digits, or empty");
    }
}
