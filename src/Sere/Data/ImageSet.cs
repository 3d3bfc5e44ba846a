using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using TorchSharp;

namespace Sere.Data;

/// <summary>
/// Images or vectors of one shape held in memory, as bytes or as real values, with their labels and file names where there
/// are any.
/// </summary>
public sealed class ImageSet
{
    private readonly byte[]? _pixels;
    private readonly float[]? _values;

    /// <summary>Wraps the pixels of zero or more images; nothing is copied.</summary>
    /// <param name="shape">The shape of each image; every part is at least 1.</param>
    /// <param name="pixels">Count * D bytes: image by image, plane by plane, row by row.</param>
    /// <param name="labels">One label an image, or null.</param>
    /// <param name="names">One file name an image, or null.</param>
    /// <exception cref="ArgumentException">The lengths do not fit the shape or each other.</exception>
    public ImageSet(ImageShape shape, byte[] pixels, byte[]? labels = null, IReadOnlyList<string>? names = null)
        : this(shape, (pixels ?? throw new ArgumentNullException(nameof(pixels))).Length, labels, names)
    {
        _pixels = pixels;
    }

    /// <summary>Wraps the real values of zero or more images or vectors; nothing is copied.</summary>
    /// <param name="shape">The shape of each; a vector is an image of one row.</param>
    /// <param name="values">Count * D values: image by image, plane by plane, row by row.</param>
    /// <param name="labels">One label an image, or null.</param>
    /// <param name="names">One file name an image, or null.</param>
    /// <exception cref="ArgumentException">The lengths do not fit the shape or each other.</exception>
    public ImageSet(ImageShape shape, float[] values, byte[]? labels = null, IReadOnlyList<string>? names = null)
        : this(shape, (values ?? throw new ArgumentNullException(nameof(values))).Length, labels, names)
    {
        _values = values;
    }

    private ImageSet(ImageShape shape, int length, byte[]? labels, IReadOnlyList<string>? names)
    {
        if (shape.Channels < 1 || shape.Height < 1 || shape.Width < 1)
        {
            throw new ArgumentException($"An image of shape {shape} has no pixels.", nameof(shape));
        }

        (int count, int rest) = Math.DivRem(length, shape.Dimensions);
        if (rest != 0)
        {
            throw new ArgumentException(
                $"{length} values are not a whole number of images of shape {shape}.", nameof(length));
        }

        if (labels is not null && labels.Length != count)
        {
            throw new ArgumentException($"{count} images have {labels.Length} labels.", nameof(labels));
        }

        if (names is not null && names.Count != count)
        {
            throw new ArgumentException($"{count} images have {names.Count} names.", nameof(names));
        }

        Shape = shape;
        Count = count;
        Labels = labels;
        Names = names;
    }

    /// <summary>An image whose channels lie side by side in each pixel, as cameras and image libraries hold it.</summary>
    /// <param name="pixels">Rows from the top; of each pixel the channels that the layout names.</param>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="layout">The channels of a pixel, in their order. Transparency is composed on black.</param>
    /// <param name="rowBytes">Bytes from one row to the next; 0 where rows follow each other without a gap.</param>
    /// <returns>A set of one image, of one channel or of three.</returns>
    /// <exception cref="ArgumentException">There are too few bytes for so many pixels.</exception>
    public static ImageSet FromPixels(
        ReadOnlySpan<byte> pixels, int width, int height, PixelLayout layout, int rowBytes = 0)
    {
        (int size, int[] order, int opacity) = layout switch
        {
            PixelLayout.Gray => (1, (int[])[0], -1),
            PixelLayout.Rgb => (3, [0, 1, 2], -1),
            PixelLayout.Bgr => (3, [2, 1, 0], -1),
            PixelLayout.Rgba => (4, [0, 1, 2], 3),
            PixelLayout.Bgra => (4, [2, 1, 0], 3),
        };
        var shape = new ImageShape(order.Length, height, width);
        int stride = rowBytes == 0 ? width * size : rowBytes;
        if (width < 1 || height < 1 || stride < width * size || pixels.Length < ((long)(height - 1) * stride) + (width * size))
        {
            throw new ArgumentException(
                $"{pixels.Length} bytes with {stride} bytes a row are no image of {width} x {height} pixels of {size} bytes.",
                nameof(pixels));
        }

        byte[] planes = new byte[shape.Dimensions];
        for (int place = 0; place < width * height; place++)
        {
            var pixel = pixels.Slice((place / width * stride) + (place % width * size), size);
            for (int channel = 0; channel < order.Length; channel++)
            {
                int value = pixel[order[channel]];
                planes[(channel * width * height) + place] =
                    (byte)(opacity < 0 ? value : ((value * pixel[opacity]) + 127) / 255);
            }
        }

        return new ImageSet(shape, planes);
    }

    /// <summary>The shape of each image.</summary>
    public ImageShape Shape { get; }

    /// <summary>The number of images.</summary>
    public int Count { get; }

    /// <summary>Whether the images are real values and not bytes.</summary>
    public bool IsReal => _values is not null;

    /// <summary>Count * D bytes: image by image, plane by plane, row by row; 0 is no ink, 255 is full.</summary>
    /// <exception cref="InvalidOperationException">The images are real values.</exception>
    public byte[] Pixels => _pixels ?? throw new InvalidOperationException("The images are real values, not bytes.");

    /// <summary>Count * D real values: image by image, plane by plane, row by row.</summary>
    /// <exception cref="InvalidOperationException">The images are bytes.</exception>
    public float[] Values => _values ?? throw new InvalidOperationException("The images are bytes, not real values.");

    /// <summary>One label an image, or null where the data set has none.</summary>
    public byte[]? Labels { get; }

    /// <summary>The file name of each image, or null where the images did not come from files of their own.</summary>
    public IReadOnlyList<string>? Names { get; }

    /// <summary>The same in bytes: grey values from 0 to 1 are brought to 0..255.</summary>
    internal ImageSet ToBytes() => IsReal
        ? new ImageSet(Shape, Array.ConvertAll(Values, value => (byte)Math.Clamp(MathF.Round(255 * value), 0, 255)), Labels, Names)
        : this;

    internal ImageSet WithLabels(byte[] labels) => IsReal
        ? new ImageSet(Shape, Values, labels, Names)
        : new ImageSet(Shape, Pixels, labels, Names);

    internal ImageSet WithNames(IReadOnlyList<string> names) => IsReal
        ? new ImageSet(Shape, Values, Labels, names)
        : new ImageSet(Shape, Pixels, Labels, names);

    /// <summary>
    /// Sets of images of one shape, all of bytes or all of real values, one after the other, with labels and names where all have
    /// them.
    /// </summary>
    internal static ImageSet Join(IReadOnlyList<ImageSet> sets)
    {
        byte[]? labels = sets.All(set => set.Labels is not null) ? [.. sets.SelectMany(set => set.Labels!)] : null;
        string[]? names = sets.All(set => set.Names is not null) ? [.. sets.SelectMany(set => set.Names!)] : null;
        return sets[0].IsReal
            ? new ImageSet(sets[0].Shape, Join([.. sets.Select(set => set.Values)]), labels, names)
            : new ImageSet(sets[0].Shape, Join([.. sets.Select(set => set.Pixels)]), labels, names);
    }

    private static T[] Join<T>(T[][] parts)
    {
        var all = new T[parts.Sum(part => part.Length)];
        int start = 0;
        foreach (var part in parts)
        {
            part.CopyTo(all, start);
            start += part.Length;
        }

        return all;
    }

    /// <summary>A copy of consecutive images.</summary>
    /// <param name="start">The index of the first image.</param>
    /// <param name="count">The number of images, which may be 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The set has no such images.</exception>
    public ImageSet Slice(int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count - start);
        int first = start * Shape.Dimensions;
        int length = count * Shape.Dimensions;
        byte[]? labels = Labels?.AsSpan(start, count).ToArray();
        string[]? names = Names?.Skip(start).Take(count).ToArray();
        return IsReal
            ? new ImageSet(Shape, Values.AsSpan(first, length).ToArray(), labels, names)
            : new ImageSet(Shape, Pixels.AsSpan(first, length).ToArray(), labels, names);
    }

    /// <summary>A copy of the images at the given indices, in their order.</summary>
    /// <param name="indices">Indices, each from 0 to <see cref="Count"/> - 1; one may come several times.</param>
    public ImageSet Select(ReadOnlySpan<int> indices)
    {
        byte[]? labels = Labels is null ? null : Gather(Labels, indices, 1);
        string[]? names = Names is null ? null : Gather([.. Names], indices, 1);
        return IsReal
            ? new ImageSet(Shape, Gather(Values, indices, Shape.Dimensions), labels, names)
            : new ImageSet(Shape, Gather(Pixels, indices, Shape.Dimensions), labels, names);
    }

    /// <summary>
    /// A copy of the images in a new CPU tensor [Count, D], which the caller owns: uint8, or float32 where they are real.
    /// </summary>
    internal torch.Tensor ToTensor() => IsReal
        ? torch.tensor(Values, [Count, Shape.Dimensions], dtype: torch.float32)
        : torch.tensor(Pixels, [Count, Shape.Dimensions], dtype: torch.uint8);

    /// <summary>
    /// The mean of each pixel over all images, of bytes as a grey value in [0, 1], in a new CPU tensor, float32 [D],
    /// which the caller owns. It is what the bias of a data distribution starts from.
    /// </summary>
    internal torch.Tensor Mean()
    {
        if (Count == 0)
        {
            throw new InvalidOperationException("An empty set of images has no mean.");
        }

        // One order of summation, and whole sums of bytes are exact: the mean is the same on every machine.
        double[] sums = new double[Shape.Dimensions];
        for (int image = 0; image < Count; image++)
        {
            int first = image * sums.Length;
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] += _values is null ? _pixels![first + i] : _values[first + i];
            }
        }

        double scale = IsReal ? Count : 255.0 * Count;
        return torch.tensor(Array.ConvertAll(sums, sum => (float)(sum / scale)));
    }

    private static T[] Gather<T>(T[] items, ReadOnlySpan<int> indices, int length)
    {
        var gathered = new T[indices.Length * length];
        for (int i = 0; i < indices.Length; i++)
        {
            items.AsSpan(indices[i] * length, length).CopyTo(gathered.AsSpan(i * length));
        }

        return gathered;
    }
}

/// <summary>The bytes of a pixel, in their order.</summary>
public enum PixelLayout
{
    /// <summary>One grey value.</summary>
    Gray,

    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Blue, green, red: what OpenCV holds.</summary>
    Bgr,

    /// <summary>Red, green, blue, opacity.</summary>
    Rgba,

    /// <summary>Blue, green, red, opacity: what bitmaps of Windows and SkiaSharp hold.</summary>
    Bgra,
}

/// <summary>The shape of one image: channel planes, each row by row.</summary>
/// <param name="Channels">The number of planes: 1 for grey, 3 for red, green and blue.</param>
/// <param name="Height">The number of rows.</param>
/// <param name="Width">The number of columns.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ImageShape(
    [property: In("{1, 3}")] int Channels,
    [property: In(ImageShape.Side)] int Height,
    [property: In(ImageShape.Side)] int Width)
{
    /// <summary>How long a side may be.</summary>
    internal const string Side = "[1, 65536]";

    /// <summary>The number of values of one image, D.</summary>
    /// <exception cref="OverflowException">The product is greater than <see cref="int.MaxValue"/>.</exception>
    [JsonIgnore]
    public int Dimensions => checked(Channels * Height * Width);

    /// <summary>Channels, height and width, such as "1x28x28".</summary>
    public override string ToString() => $"{Channels}x{Height}x{Width}";
}

/// <summary>The smallest and the greatest of real values.</summary>
/// <param name="Low">The smallest.</param>
/// <param name="High">The greatest.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ValueRange(double Low, double High)
{
    /// <summary>Whether all values lie in [0, 1], where grey values are.</summary>
    [JsonIgnore]
    public bool IsGrey => Low >= 0 && High <= 1;

    /// <summary>As in "-1.5 to 2".</summary>
    public override string ToString() => $"{(float)Low} to {(float)High}";

    /// <summary>Of the values of a set; null where it has none, or where they are bytes.</summary>
    internal static ValueRange? Of(ImageSet images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return images.IsReal && images.Values.Length > 0
            ? new ValueRange(images.Values.Min(), images.Values.Max())
            : null;
    }
}
