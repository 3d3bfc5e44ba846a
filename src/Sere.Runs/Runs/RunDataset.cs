using System.Text.Json;
using Sere.Data;
using Sere.Runs.Configuration;
using Sere.Storage;

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
        var dataset = configuration.Dataset;
        var splits = DatasetCatalog.Load(
            dataset.Name,
            dataFolder,
            dataset.ValidationImages,
            SplitSeed,
            dataset.Gray,
            dataset.Resize is { } size ? new ImageShape(1, size.Height, size.Width)
                : dataset.Features is not null && DatasetCatalog.IsFolder(dataset.Name) ? ImageFeatureExtraction.Shape
                : null,
            ScaleOf(dataset))
            .WithTrainingImages(dataset.TrainingImages);
        splits = dataset.Features is { } features ? ImageFeatureExtraction.Extract(features, splits) : splits;
        if (configuration.Model.DataLayer.WholeLevels is not null)
        {
            Binarization.RequireLevels(splits.Train, splits.Name);
        }

        return splits;
    }

    /// <summary>Loads the images that a run was trained on.</summary>
    /// <param name="configuration">The run's configuration.</param>
    /// <param name="dataFolder">The value of --data-dir, or null.</param>
    /// <param name="moved">Where the images are now, as dataset.name says it; null where they were.</param>
    /// <exception cref="SereException">They are missing or damaged, or they are not the same any more.</exception>
    public static DatasetSplits LoadTrainedOn(
        ExperimentConfiguration configuration, string? dataFolder = null, string? moved = null)
    {
        string name = moved is null ? configuration.Dataset.Name : DatasetCatalog.WithFullPath(moved);
        if (moved is null && DatasetCatalog.PlaceOf(name) is { } place && !Path.Exists(place))
        {
            throw new SereException(
                $"The images of the run are not in '{place}' any more; name their new place with --dataset, such as "
                + "images:DIR or npy:FILE.");
        }

        var splits = Load(configuration with { Dataset = configuration.Dataset with { Name = name } }, dataFolder);
        RequireSame(configuration, splits);
        return splits;
    }

    // A run that does not say it is of a time when the values of pictures were bytes.
    private static ValueScale? ScaleOf(DatasetChoice dataset) =>
        dataset.Scale is null && dataset.Digest.Length > 0 && DatasetCatalog.IsFolder(dataset.Name)
            ? ValueScale.Bytes
            : dataset.Scale;

    /// <summary>Refuses to write into the folder of images, whose pictures would be read as images the next time.</summary>
    /// <exception cref="UsageException">They are one folder.</exception>
    internal static void RequireElsewhere(string dataset, string folder, string option)
    {
        if (DatasetCatalog.IsFolder(dataset) && LinkFreePath.AreSame(DatasetCatalog.PlaceOf(dataset)!, folder))
        {
            throw new UsageException(
                $"'{folder}' is the folder of the images, where pictures that are drawn would be read as images the next time; name "
                + $"another folder with {option}.");
        }
    }

    internal static ExperimentConfiguration Resolve(ExperimentConfiguration configuration, DatasetSplits splits)
    {
        return configuration with
        {
            Dataset = configuration.Dataset with
            {
                Shape = splits.Train.Shape,
                Scale = splits.Scale,
                Range = ValueRange.Of(splits.Train),
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
                + "removed; restore them, name the place of the right ones with --dataset, or train a new run.");
        }
    }
}

/// <summary>Names a configuration that is given other data than its own, which its name and description speak of.</summary>
internal static class OtherData
{
    private const int LongestName = 100;

    /// <summary>The configuration, under a name and a description that say what the data is.</summary>
    public static ExperimentConfiguration Describe(ExperimentConfiguration configuration, string dataset)
    {
        dataset = DatasetCatalog.WithFullPath(dataset);
        if (string.Equals(dataset, DatasetCatalog.WithFullPath(configuration.Dataset.Name), StringComparison.Ordinal))
        {
            return configuration;
        }

        string name = $"{configuration.Name}-{SafeName(DatasetCatalog.ShortName(dataset))}";
        return configuration with
        {
            Name = name[..Math.Min(name.Length, LongestName)],
            Description = $"The configuration {configuration.Name} with the data set {dataset}.",
        };
    }

    private static string SafeName(string name)
    {
        char[] safe = Array.ConvertAll(
            name.ToCharArray(), letter => char.IsLetterOrDigit(letter) || letter is '-' or '_' or '.' ? letter : '-');
        return new string(safe).Trim('-', '.') is { Length: > 0 } trimmed ? trimmed : "data";
    }
}

/// <summary>The configuration in a checkpoint, by which a changed config.json is told from the run's own.</summary>
internal static class KeptConfiguration
{
    /// <summary>What a checkpoint keeps of a configuration; null for none.</summary>
    public static JsonElement? Of(ExperimentConfiguration? configuration) => configuration is null
        ? null
        : JsonSerializer.Deserialize<JsonElement>(ConfigurationFile.ToJson(configuration));

    /// <summary>Refuses to go on from a checkpoint with another configuration than it was written with.</summary>
    public static void RequireSame(RunState state, ExperimentConfiguration? configuration, string path)
    {
        if (configuration is null || state.Configuration is not { } kept)
        {
            return;
        }

        ExperimentConfiguration trained;
        try
        {
            trained = ConfigurationFile.Parse(kept.GetRawText(), path);
        }
        catch (UsageException error)
        {
            throw new SereException($"The checkpoint '{path}' is of another version: {error.Message}", error);
        }

        if (ConfigurationDifference.First(trained, configuration) is { } difference)
        {
            throw new SereException(
                $"The run cannot go on from '{path}' with another configuration: {difference}; restore its config.json, or "
                + "start a new run.");
        }
    }
}
