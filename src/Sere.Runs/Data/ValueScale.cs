namespace Sere.Data;

/// <summary>
/// What the numbers of a data set mean. Training decides it and a run keeps it, so that what a number means depends on no
/// other number beside it.
/// </summary>
public enum ValueScale
{
    /// <summary>
    /// Whole numbers from 0 to 255 are bytes, and 255 is white; what an array of a floating-point type holds is taken as it
    /// is.
    /// </summary>
    Bytes,

    /// <summary>
    /// Whole numbers are 0 or 1, and 1 is white; what an array of a floating-point type holds is taken as it is.
    /// </summary>
    Binary,

    /// <summary>Whole numbers from 0 to 255 are bytes, and 255 is white, in arrays of floating-point types as well.</summary>
    Levels,

    /// <summary>Numbers are taken as they are, but bytes in pictures and in arrays of type uint8 are bytes.</summary>
    Real,
}

/// <summary>Holds bytes against a scale.</summary>
internal static class ValueScales
{
    /// <summary>Whether bytes are 0 and 1 and nothing else: black and white, or two shades of black.</summary>
    public static bool AreBinary(ReadOnlySpan<byte> bytes) =>
        bytes.IndexOfAnyExceptInRange((byte)0, (byte)1) < 0 && bytes.Contains((byte)1);

    /// <summary>Brings bytes, in place, to the range from 0 to 255.</summary>
    public static void Stretch(Span<byte> bytes, ValueScale? scale, string source)
    {
        if (scale != ValueScale.Binary)
        {
            return;
        }

        int unfit = bytes.IndexOfAnyExceptInRange((byte)0, (byte)1);
        if (unfit >= 0)
        {
            throw Misfit(source, bytes[unfit], ValueScale.Binary);
        }

        foreach (ref byte value in bytes)
        {
            value *= byte.MaxValue;
        }
    }

    public static SereException Misfit(string source, double value, ValueScale scale) => new(
        $"'{source}' holds the value {value}, where the data are {(scale == ValueScale.Binary ? "0 and 1" : "whole numbers from 0 to 255")} "
        + $"(dataset.scale is {scale.ToString().ToLowerInvariant()}); bring its values to that scale.");

    /// <summary>Says that images look as if they were of another scale than the data.</summary>
    public static void WarnOfBlack(ImageSet images, ValueScale? scale, string source, Action<string>? warn)
    {
        if (scale is not (null or ValueScale.Binary) && !images.IsReal && AreBinary(images.Pixels))
        {
            warn?.Invoke(
                $"The values of '{source}' are all 0 or 1, and those of the model's data go to 255, so that all is black; "
                + "multiply them by 255 if 1 is white.");
        }
    }
}
