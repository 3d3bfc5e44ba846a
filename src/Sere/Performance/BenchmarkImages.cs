using Sere.Data;
using Sere.Models.Configuration;

namespace Sere.Performance;

/// <summary>Images of the shape that a configuration's data set has, for measurements: their values do not matter.</summary>
public static class BenchmarkImages
{
    private static readonly ImageShape Grey = new(1, 28, 28);
    private static readonly ImageShape Colour = new(3, 32, 32);

    /// <summary>So many images: drawn digits, built-in vectors, or noise where the images have another shape.</summary>
    /// <exception cref="UsageException">The configuration does not say what shape its images have.</exception>
    public static ImageSet For(ExperimentConfiguration configuration, int count)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var dataset = configuration.Dataset;
        if (DatasetCatalog.Toy(dataset.Name) is { } toy)
        {
            return ToyGenerator.GenerateTrain(toy, count);
        }

        var shape = dataset.Name switch
        {
            "digits" or "mnist" => Grey,
            "cifar10" => Colour,
            _ when dataset.Shape is { } given => new ImageShape(given.Channels, given.Height, given.Width),
            _ => throw new UsageException(
                $"The shape of the images of '{dataset.Name}' is not known here; give it with --set "
                + "'dataset.shape={\"channels\":1,\"height\":28,\"width\":28}'."),
        };
        shape = new ImageShape(
            dataset.Gray ? 1 : shape.Channels, dataset.Resize?.Height ?? shape.Height, dataset.Resize?.Width ?? shape.Width);
        if (shape == Grey)
        {
            return DigitsGenerator.GenerateTrain(count);
        }

        byte[] pixels = new byte[count * shape.Dimensions];
        var random = new IntegerRandom(1);
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)random.NextBelow(256);
        }

        return new ImageSet(shape, pixels);
    }
}
