using Sere.Data;
using Sere.Models.Configuration;

namespace Sere.Performance;

/// <summary>Images of the shape that a configuration's data set has, for measurements: their values do not matter.</summary>
public static class BenchmarkImages
{
    private static readonly ImageShape Colour = new(3, 32, 32);

    /// <summary>So many images: drawn digits, or colour noise where the data set is CIFAR-10.</summary>
    public static ImageSet For(ExperimentConfiguration configuration, int count)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (!string.Equals(configuration.Dataset.Name, "cifar10", StringComparison.Ordinal))
        {
            return DigitsGenerator.GenerateTrain(count);
        }

        byte[] pixels = new byte[count * Colour.Dimensions];
        var random = new IntegerRandom(1);
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)random.NextBelow(256);
        }

        return new ImageSet(Colour, pixels);
    }
}
