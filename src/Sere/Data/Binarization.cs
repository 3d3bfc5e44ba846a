using Sere.Numerics;
using static TorchSharp.torch;

namespace Sere.Data;

/// <summary>
/// Turns grey values into what a model is given. Grey values are bytes, or reals in [0, 1]. Random numbers are drawn on the CPU, so that the images do not depend
/// on the device; the result is where the grey values are, and belongs to the caller.
/// </summary>
internal static class Binarization
{
    private const double FullGrey = 255;
    private const double Levels = 256;
    private const int ThresholdGrey = 128;
    private const double ThresholdReal = 0.5;

    public static Tensor TrainingBatch(Tensor grey, BinarizationRule rule, Generator generator)
    {
        CheckGrey(grey);
        using var scope = NewDisposeScope();
        var uniform = IsRandom(rule) ? rand(grey.shape, dtype: float32, device: CPU, generator: generator) : null;
        return Apply(grey, uniform, rule).MoveToOuterDisposeScope();
    }

    /// <summary>Whether a rule takes uniform numbers.</summary>
    internal static bool IsRandom(BinarizationRule rule) =>
        rule is BinarizationRule.Dynamic or BinarizationRule.Dequantized;

    /// <summary>The images of grey values and, for a random rule, uniform numbers in [0, 1), [B, D] each.</summary>
    internal static Tensor Apply(Tensor grey, Tensor? uniform, BinarizationRule rule) =>
        uniform is null ? Fixed(grey, rule) : Draw(grey, uniform, rule);

    /// <summary>
    /// Images to evaluate. Each image is drawn from a stream of its own, so it is the same whatever the limit, the
    /// batch or the order in which images are evaluated.
    /// </summary>
    public static Tensor EvaluationImages(Tensor grey, long firstIndex, BinarizationRule rule, RandomStreams streams)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstIndex);
        CheckGrey(grey);
        using var scope = NewDisposeScope();
        Tensor values = IsRandom(rule)
            ? Draw(grey, UniformPerImage(grey.shape, firstIndex, streams), rule)
            : Fixed(grey, rule);
        return values.MoveToOuterDisposeScope();
    }

    /// <summary>Refuses real values that a rule cannot take as probabilities.</summary>
    public static void RequireGrey(ImageSet images, BinarizationRule rule, string source)
    {
        if (images.IsReal && rule == BinarizationRule.Dequantized)
        {
            throw new UsageException(
                $"The values of '{source}' are real already, and dataset.dequantization is of bytes; leave it at none.");
        }

        if (images.IsReal && rule != BinarizationRule.None && ValueRange.Of(images) is { IsGrey: false } range)
        {
            throw new UsageException(
                $"The values of '{source}' go from {range}, which cannot be taken as the probability of "
                + "a white pixel; bring them to 0..1, or model them as real numbers with --set dataset.binarization=none "
                + "--set model.data.kind=gaussian.");
        }
    }

    /// <summary>Refuses real values that are no grey values, for a model of whole levels.</summary>
    public static void RequireLevels(ImageSet images, string source)
    {
        if (images.IsReal && ValueRange.Of(images) is { IsGrey: false } range)
        {
            throw new UsageException(
                $"The values of '{source}' go from {range}, which are no grey values; bring them to 0..1, "
                + "or model them as real numbers with --set model.data.kind=gaussian.");
        }
    }

    private static void CheckGrey(Tensor grey)
    {
        if (grey.dtype is not (ScalarType.Byte or ScalarType.Float32) || grey.dim() != 2)
        {
            throw new ArgumentException(
                $"Grey values are uint8 or float32 [B, D], not {grey.dtype} with {grey.dim()} dimensions.", nameof(grey));
        }
    }

    private static Tensor UniformPerImage(long[] shape, long firstIndex, RandomStreams streams)
    {
        Tensor uniform = empty(shape, dtype: float32, device: CPU);
        for (long image = 0; image < shape[0]; image++)
        {
            using Generator generator =
                streams.Open(StreamPurpose.EvaluationBinarization, index: firstIndex + image);
            using Tensor row = uniform.select(0, image);
            row.uniform_(0, 1, generator);
        }

        return uniform;
    }

    // A uniform number in [0, 1) is below grey / 255 with just that probability: never at 0, always at 255.
    private static Tensor Draw(Tensor grey, Tensor uniform, BinarizationRule rule) =>
        rule == BinarizationRule.Dequantized ? uniform.to(grey.device).Plus(grey).Over(Levels)
        : (IsReal(grey) ? uniform.to(grey.device) : uniform.to(grey.device).Times(FullGrey)).lt(grey).to(float32);

    private static bool IsReal(Tensor grey) => grey.dtype == ScalarType.Float32;

    private static Tensor Fixed(Tensor grey, BinarizationRule rule) => rule switch
    {
        BinarizationRule.Threshold =>
            (IsReal(grey) ? grey.IsAtLeast(ThresholdReal) : grey.IsAtLeast(ThresholdGrey)).to(float32),
        BinarizationRule.None => IsReal(grey) ? grey.clone() : grey.to(float32).OverInPlace(FullGrey),
        _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, "There is no such rule."),
    };
}

/// <summary>How grey values become the values that a model is given.</summary>
public enum BinarizationRule
{
    /// <summary>A value is 1 with the probability that its grey value says, drawn anew each time; else 0.</summary>
    Dynamic,

    /// <summary>A value is 1 from grey value 128 on; else 0.</summary>
    Threshold,

    /// <summary>No binarization: grey values scaled to [0, 1].</summary>
    None,

    /// <summary>
    /// No binarization, and bytes become real values: level v becomes (v + u) / 256 with u uniform in [0, 1), drawn anew each
    /// time (<see cref="DequantizationRule.Uniform"/>).
    /// </summary>
    Dequantized,
}

/// <summary>Whether the levels of bytes become real values that a density can be of.</summary>
public enum DequantizationRule
{
    /// <summary>They do not.</summary>
    None,

    /// <summary>Level v becomes (v + u) / 256 with u uniform in [0, 1), drawn anew each time.</summary>
    Uniform,
}
