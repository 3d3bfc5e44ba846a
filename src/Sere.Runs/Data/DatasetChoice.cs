using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace Sere.Data;

/// <summary>The images of a run and how they are prepared.</summary>
public sealed record DatasetChoice : Choice
{
    /// <summary>The data set: a known name, such as "digits", "parts" or "mnist", "images:DIR" or "npy:FILE".</summary>
    [In("[1, 4096]")] public string Name { get; init; } = "digits";

    /// <summary>How many images are trained on, the first ones; null for all that are not for validation.</summary>
    [In(Count)] public int? TrainingImages { get; init; }

    /// <summary>How many images at the end of the training split are kept for validation.</summary>
    [In(Count)] public int ValidationImages { get; init; } = 5000;

    /// <summary>How grey values become binary pixels.</summary>
    public BinarizationRule Binarization { get; init; } = BinarizationRule.Dynamic;

    /// <summary>Whether the levels of bytes become real values.</summary>
    public DequantizationRule Dequantization { get; init; } = DequantizationRule.None;

    /// <summary>How the values of a data set become what a model is given.</summary>
    [JsonIgnore]
    public BinarizationRule Preparation =>
        Dequantization == DequantizationRule.Uniform ? BinarizationRule.Dequantized : Binarization;

    /// <summary>Whether each image is mirrored with probability one half in each step of training, and in training alone; not vectors.</summary>
    public bool HorizontalFlips { get; init; }

    /// <summary>Whether colours become grey values.</summary>
    public bool Gray { get; init; }

    /// <summary>The size that each image is stretched to; null to take images as they are.</summary>
    public ImageSize? Resize { get; init; }

    /// <summary>What a model sees of the images instead of their pixels: vectors that say what is on them; null for the pixels.</summary>
    public ImageFeatures? Features { get; init; }

    /// <summary>
    /// The shape of an image. Null in a preset; a run's configuration holds it, so that the model can be rebuilt without
    /// the data.
    /// </summary>
    public ImageShape? Shape { get; init; }

    /// <summary>The range of the training values, where they are real; set by the run like the shape.</summary>
    public ValueRange? Range { get; init; }

    /// <summary>What the values of images of one's own mean; null to decide it by the training images, as a run then keeps it.</summary>
    public ValueScale? Scale { get; init; }

    /// <summary>The digest of the images that the run was trained on (DatasetSplits.Digest), set by the run; else empty.</summary>
    public string Digest { get; init; } = "";

    /// <summary>Whether the training values are real and no grey values.</summary>
    [JsonIgnore]
    internal bool IsReal => Range is { } range && (range.Low < 0 || range.High > 1);

    /// <summary>Refuses images that are not such as a model of these was trained on.</summary>
    /// <exception cref="SereException">They have another shape, or values of another kind.</exception>
    internal void RequireFit(ImageSet images, ImageShape shape)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Shape != shape)
        {
            throw new SereException($"The model takes images of shape {shape}, and these have {images.Shape}.");
        }

        Sere.Data.Binarization.RequireGrey(images, Preparation, "the images");
        if (!images.IsReal && IsReal)
        {
            throw new SereException(
                $"The model was trained on real values from {Range}, and these images are bytes; give real values, as a .npy file of floats.");
        }

        if (Range is null && ValueRange.Of(images) is { IsGrey: false } given)
        {
            throw new SereException(
                $"The model was trained on bytes, and these are real values from {given}; bring them to 0..1, or give bytes.");
        }
    }

    internal override void CheckTogether(string path)
    {
        Require(
            Binarization != BinarizationRule.Dequantized,
            $"{path}.binarization",
            "dequantized",
            $"none, with {path}.dequantization uniform");
        Require(
            Dequantization == DequantizationRule.None || Binarization == BinarizationRule.None,
            $"{path}.dequantization",
            "uniform",
            $"none where {path}.binarization is not");
        Require(
            Features is null || Resize is null,
            $"{path}.resize",
            $"{Resize?.Height}x{Resize?.Width}",
            $"null where {path}.features is not, which are taken of images of any size");
        Require(
            Features is null || (Binarization == BinarizationRule.None && Dequantization == DequantizationRule.None && !HorizontalFlips),
            $"{path}.features",
            $"{Features}".ToLowerInvariant(),
            $"null where {path}.binarization, {path}.dequantization or {path}.horizontalFlips prepares pixels");
        if (Resize is { } resize)
        {
            RequireArray($"{path}.resize", 1, resize.Height, resize.Width);
        }

        if (Shape is { } shape)
        {
            RequireArray($"{path}.shape", shape.Channels, shape.Height, shape.Width);
        }

        Require(
            Range is not { } range || (double.IsFinite(range.Low) && double.IsFinite(range.High) && range.Low <= range.High),
            $"{path}.range",
            $"{Range?.Low}..{Range?.High}",
            "a low that is at most high");
        Require(
            Digest is { Length: 0 or 64 } && Digest.All(char.IsAsciiHexDigitLower),
            $"{path}.digest",
            Digest,
            "64 lower-case hexadecimal digits, or empty");
    }
}

/// <summary>The size that images are brought to before they are used.</summary>
/// <param name="Height">Rows, in pixels.</param>
/// <param name="Width">Columns, in pixels.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ImageSize(
    [property: In(ImageShape.Side)] int Height, [property: In(ImageShape.Side)] int Width);
