using Sere.Data;
using Sere.Models.Configuration;

namespace Sere.Cli;

/// <summary>The data of a run.</summary>
internal static class RunData
{
    // Not the run's: runs of different seeds are compared on the same images.
    private const long SplitSeed = 1;

    /// <summary>Loads it as the configuration says; a folder of images is split the same way for every run.</summary>
    public static DatasetSplits Load(ExperimentConfiguration configuration, string? dataFolder) => DatasetCatalog.Load(
        configuration.Dataset.Name, dataFolder, configuration.Dataset.ValidationImages, SplitSeed);
}
