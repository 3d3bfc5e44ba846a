using Sere.Data;
using Sere.Models.Configuration;

namespace Sere.Cli;

/// <summary>The data of a run.</summary>
internal static class RunData
{
    /// <summary>Loads it as the configuration says; a folder of images is split by the run's seed.</summary>
    public static DatasetSplits Load(ExperimentConfiguration configuration, string? dataFolder) => DatasetCatalog.Load(
        configuration.Dataset.Name, dataFolder, configuration.Dataset.ValidationImages, configuration.Seed);
}
