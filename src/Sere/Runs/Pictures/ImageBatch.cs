namespace Sere.Runs.Pictures;

/// <summary>Images of one size, to be drawn.</summary>
public sealed class ImageBatch
{
    /// <summary>Takes images from one array.</summary>
    /// <param name="values">
    /// The intensities in [0, 1], as count x channels x height x width. Others are clamped when drawn, and what is not
    /// a number is drawn black.
    /// </param>
    /// <param name="count">How many images there are, at least 1.</param>
    /// <param name="channels">1 for grey, 3 for red, green and blue.</param>
    /// <param name="height">The height of an image in pixels.</param>
    /// <param name="width">The width of an image in pixels.</param>
    /// <exception cref="ArgumentException">The sizes are not positive or do not give the number of values.</exception>
    public ImageBatch(ReadOnlyMemory<float> values, int count, int channels, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (channels is not (1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Images have 1 channel or 3.");
        }

        if ((Int128)count * channels * height * width != values.Length)
        {
            throw new ArgumentException(
                $"{count} images of {channels} x {height} x {width} do not take {values.Length} values.", nameof(values));
        }

        Values = values;
        Count = count;
        Channels = channels;
        Height = height;
        Width = width;
    }

    /// <summary>The intensities in [0, 1], as count x channels x height x width.</summary>
    public ReadOnlyMemory<float> Values { get; }

    /// <summary>How many images there are.</summary>
    public int Count { get; }

    /// <summary>1 for grey, 3 for red, green and blue.</summary>
    public int Channels { get; }

    /// <summary>The height of an image in pixels.</summary>
    public int Height { get; }

    /// <summary>The width of an image in pixels.</summary>
    public int Width { get; }

    /// <summary>The colour of a pixel as 8-bit red, green and blue.</summary>
    internal (byte Red, byte Green, byte Blue) ColorAt(int image, int row, int column)
    {
        int plane = Height * Width;
        ReadOnlySpan<float> values = Values.Span[(image * Channels * plane)..];
        int place = (row * Width) + column;
        byte red = ToByte(values[place]);
        return Channels == 1
            ? (red, red, red)
            : (red, ToByte(values[plane + place]), ToByte(values[(2 * plane) + place]));
    }

    private static byte ToByte(float intensity) =>
        float.IsNaN(intensity) ? (byte)0 : (byte)((Math.Clamp(intensity, 0f, 1f) * byte.MaxValue) + 0.5f);
}
