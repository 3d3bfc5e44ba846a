using Sere.Data;

namespace Sere.Features;

/// <summary>
/// The pooled features of a <see cref="ResNet18"/>, as vectors to train models on: rotated, so that each value is a mixture
/// of all features. Few images of one kind leave some features constant, of which there is no density, and no mixture. A
/// rotation changes neither distances nor densities.
/// </summary>
public sealed class ResNet18Features : IImageFeatures
{
    private static readonly ResNet18Layer[] Pooled = [ResNet18Layer.Pooled];

    private readonly ResNet18 _network = new();

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

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();

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
