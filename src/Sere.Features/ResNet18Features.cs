using Sere.Data;

namespace Sere.Features;

/// <summary>
/// The pooled features of a <see cref="ResNet18"/>, as vectors to train models on: rotated, so that each value is a mixture
/// of all features. Few images of one kind leave some features constant, of which there is no density, and no mixture. A
/// rotation changes neither distances nor densities.
/// </summary>
/// <param name="threads">How many images are run at once; null for as many as there are cores.</param>
public sealed class ResNet18Features(int? threads = null) : IImageFeatures
{
    private static readonly ResNet18Layer[] Pooled = [ResNet18Layer.Pooled];
    private static readonly ResNet18Layer[] AtPlaces = [ResNet18Layer.Places28, ResNet18Layer.Places14];

    private readonly ResNet18 _network = new(threads);

    /// <inheritdoc/>
    public ImageSet Extract(ImageSet images, Action<int>? onImages = null, CancellationToken cancellation = default)
    {
        var features = _network.Extract(images, Pooled, onImages, cancellation)[0];
        for (int start = 0; start < features.Values.Length; start += features.Shape.Dimensions)
        {
            Rotate(features.Values.AsSpan(start, features.Shape.Dimensions));
        }

        return features;
    }

    /// <summary>
    /// The features after the second and the third stage at each of 14 x 14 places, a mean over the places around it, as patches
    /// are described in PatchCore (Roth et al. 2022).
    /// </summary>
    /// <inheritdoc/>
    public ImageSet ExtractPlaces(ImageSet images, Action<int>? onImages = null, CancellationToken cancellation = default)
    {
        var features = _network.Extract(images, AtPlaces, onImages, cancellation);
        var coarse = features[1].Shape;
        var shape = coarse with { Channels = features[0].Shape.Channels + coarse.Channels };
        int places = coarse.Height * coarse.Width;
        int fine = features[0].Shape.Dimensions;
        ImageLimits.RequireTotal((long)images.Count * shape.Dimensions, "features");
        float[] values = new float[images.Count * shape.Dimensions];
        for (int image = 0; image < images.Count; image++)
        {
            var one = values.AsSpan(image * shape.Dimensions, shape.Dimensions);
            for (int channel = 0; channel < features[0].Shape.Channels; channel++)
            {
                int start = (image * fine) + (channel * 4 * places);
                MeanOfFour(features[0].Values.AsSpan(start, 4 * places), one.Slice(channel * places, places), coarse.Width);
            }

            features[1].Values.AsSpan(image * coarse.Dimensions, coarse.Dimensions)
                .CopyTo(one[(features[0].Shape.Channels * places)..]);
            for (int start = 0; start < one.Length; start += places)
            {
                MeanAround(one.Slice(start, places), coarse.Width);
            }
        }

        return new ImageSet(shape, values, images.Labels, images.Names);
    }

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();

    /// <summary>The means of 2 x 2 values of a plane that is twice as wide.</summary>
    private static void MeanOfFour(ReadOnlySpan<float> plane, Span<float> means, int width)
    {
        for (int place = 0; place < means.Length; place++)
        {
            var (row, column) = Math.DivRem(place, width);
            int corner = (4 * width * row) + (2 * column);
            means[place] = (plane[corner] + plane[corner + 1] + plane[corner + (2 * width)] + plane[corner + (2 * width) + 1]) / 4;
        }
    }

    /// <summary>
    /// The mean of each place and its eight neighbours, in place; beyond the edge there is nothing, so that fewer of them make no
    /// greater noise.
    /// </summary>
    private static void MeanAround(Span<float> plane, int width)
    {
        float[] before = plane.ToArray();
        int height = plane.Length / width;
        for (int place = 0; place < before.Length; place++)
        {
            var (row, column) = Math.DivRem(place, width);
            float sum = 0;
            for (int y = Math.Max(0, row - 1); y <= Math.Min(height - 1, row + 1); y++)
            {
                for (int x = Math.Max(0, column - 1); x <= Math.Min(width - 1, column + 1); x++)
                {
                    sum += before[(y * width) + x];
                }
            }

            plane[place] = sum / 9;
        }
    }

    /// <summary>The orthonormal Walsh-Hadamard transform, in place; the length is a power of 2.</summary>
    private static void Rotate(Span<float> values)
    {
        for (int half = 1; half < values.Length; half *= 2)
        {
            for (int i = 0; i < values.Length; i++)
            {
                if ((i & half) == 0)
                {
                    (values[i], values[i + half]) = (values[i] + values[i + half], values[i] - values[i + half]);
                }
            }
        }

        float scale = 1 / MathF.Sqrt(values.Length);
        foreach (ref float value in values)
        {
            value *= scale;
        }
    }
}
