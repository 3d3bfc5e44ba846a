using TorchSharp;

namespace Sere.Data;

/// <summary>Images of one shape held in memory as bytes, with their labels and file names where there are any.</summary>
public sealed class ImageSet
{
    /// <summary>Wraps the pixels of zero or more images; nothing is copied.</summary>
    /// <param name="shape">The shape of each image; every part is at least 1.</param>
    /// <param name="pixels">Count * D bytes: image by image, plane by plane, row by row.</param>
    /// <param name="labels">One label an image, or null.</param>
    /// <param name="names">One file name an image, or null.</param>
    /// <exception cref="ArgumentException">The lengths do not fit the shape or each other.</exception>
    public ImageSet(ImageShape shape, byte[] pixels, byte[]? labels = null, IReadOnlyList<string>? names = null)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        if (shape.Channels < 1 || shape.Height < 1 || shape.Width < 1)
        {
            throw new ArgumentException($"An image of shape {shape} has no pixels.", nameof(shape));
        }

        (int count, int rest) = Math.DivRem(pixels.Length, shape.Dimensions);
        if (rest != 0)
        {
            throw new ArgumentException(
                $"{pixels.Length} bytes are not a whole number of images of shape {shape}.", nameof(pixels));
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
        Pixels = pixels;
        Labels = labels;
        Names = names;
    }

    /// <summary>The shape of each image.</summary>
    public ImageShape Shape { get; }

    /// <summary>The number of images.</summary>
    public int Count { get; }

    /// <summary>Count * D bytes: image by image, plane by plane, row by row; 0 is no ink, 255 is full.</summary>
    public byte[] Pixels { get; }

    /// <summary>One label an image, or null where the data set has none.</summary>
    public byte[]? Labels { get; }

    /// <summary>The file name of each image, or null where the images did not come from files of their own.</summary>
    public IReadOnlyList<string>? Names { get; }

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
        int dimensions = Shape.Dimensions;
        return new ImageSet(
            Shape,
            Pixels.AsSpan(start * dimensions, count * dimensions).ToArray(),
            Labels?.AsSpan(start, count).ToArray(),
            Names?.Skip(start).Take(count).ToArray());
    }

    /// <summary>A copy of the images in a new CPU tensor, uint8 [Count, D], which the caller owns.</summary>
    public torch.Tensor ToTensor() => torch.tensor(Pixels, [Count, Shape.Dimensions], dtype: torch.uint8);

    /// <summary>
    /// The mean grey value of each pixel over all images, in [0, 1], in a new CPU tensor, float32 [D], which the caller
    /// owns. It is what the bias of a data distribution starts from.
    /// </summary>
    /// <exception cref="InvalidOperationException">The set is empty.</exception>
    public torch.Tensor MeanGrey()
    {
        if (Count == 0)
        {
            throw new InvalidOperationException("An empty set of images has no mean.");
        }

        // Whole sums are exact, so the mean depends on no order of summation.
        long[] sums = new long[Shape.Dimensions];
        for (int image = 0; image < Count; image++)
        {
            ReadOnlySpan<byte> pixels = Pixels.AsSpan(image * sums.Length, sums.Length);
            for (int i = 0; i < pixels.Length; i++)
            {
                sums[i] += pixels[i];
            }
        }

        return torch.tensor(Array.ConvertAll(sums, sum => (float)(sum / (255.0 * Count))));
    }

    /// <summary>A copy of the images at the given indices, in their order.</summary>
    internal ImageSet Select(ReadOnlySpan<int> indices)
    {
        int dimensions = Shape.Dimensions;
        byte[] pixels = new byte[indices.Length * dimensions];
        byte[]? labels = Labels is null ? null : new byte[indices.Length];
        string[]? names = Names is null ? null : new string[indices.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            Pixels.AsSpan(indices[i] * dimensions, dimensions).CopyTo(pixels.AsSpan(i * dimensions));
            labels?[i] = Labels![indices[i]];
            names?[i] = Names![indices[i]];
        }

        return new ImageSet(Shape, pixels, labels, names);
    }
}
