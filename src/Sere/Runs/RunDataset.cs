using Sere.Data;
using Sere.Models.Configuration;

namespace Sere.Runs;

/// <summary>The images of a run.</summary>
public static class RunDataset
{
    // Not the run's: runs of different seeds are compared on the same images.
    private const long SplitSeed = 1;

    /// <summary>Loads the images that a configuration asks for; images of one's own are divided the same way for every run.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="dataFolder">The value of --data-dir, or null.</param>
    /// <exception cref="SereException">They are missing, damaged or too few.</exception>
    public static DatasetSplits Load(ExperimentConfiguration configuration, string? dataFolder = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var dataset = configuration.Dataset;
        return DatasetCatalog.Load(
            dataset.Name,
            dataFolder,
            dataset.ValidationImages,
            SplitSeed,
            dataset.Gray,
            dataset.Resize is { } size ? new ImageShape(1, size.Height, size.Width) : null)
            .WithTrainingImages(dataset.TrainingImages);
    }

    /// <summary>Loads the images that a run was trained on.</summary>
    /// <param name="configuration">The run's configuration.</param>
    /// <param name="dataFolder">The value of --data-dir, or null.</param>
    /// <exception cref="SereException">They are missing or damaged, or they are not the same any more.</exception>
    public static DatasetSplits LoadTrainedOn(ExperimentConfiguration configuration, string? dataFolder = null)
    {
        var splits = Load(configuration, dataFolder);
        RequireSame(configuration, splits);
        return splits;
    }

    /// <summary>A configuration that says what the images are.</summary>
    internal static ExperimentConfiguration Resolve(ExperimentConfiguration configuration, DatasetSplits splits)
    {
        var shape = splits.Train.Shape;
        return configuration with
        {
            Dataset = configuration.Dataset with
            {
                Shape = new ImageShapeConfiguration(shape.Channels, shape.Height, shape.Width),
                Range = ValueRange.Of(splits.Train) is { } range ? new ValueRangeConfiguration(range.Low, range.High) : null,
                Digest = splits.Digest(),
            },
        };
    }

    /// <summary>Refuses images that a run was not trained on: its test images would not be what they are called.</summary>
    internal static void RequireSame(ExperimentConfiguration configuration, DatasetSplits splits)
    {
        if (configuration.Dataset.Digest is { Length: > 0 } digest && !string.Equals(digest, splits.Digest(), StringComparison.Ordinal))
        {
            throw new SereException(
                $"The images of '{splits.Name}' are not those that the run was trained on: some were changed, added or "
                + "removed; restore them, or train a new run.");
        }
    }
}
