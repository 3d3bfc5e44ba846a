using System.Text.Json;
using Sere.Models.Configuration;

namespace Sere.Runs;

/// <summary>The configuration in a checkpoint, by which a changed config.json is told from the run's own.</summary>
internal static class KeptConfiguration
{
    /// <summary>What a checkpoint keeps of a configuration; null for none.</summary>
    public static JsonElement? Of(ExperimentConfiguration? configuration) => configuration is null
        ? null
        : JsonSerializer.Deserialize<JsonElement>(ConfigurationFile.ToJson(configuration));

    /// <summary>Refuses to go on from a checkpoint with another configuration than it was written with.</summary>
    /// <param name="state">The checkpoint's state.</param>
    /// <param name="configuration">The configuration to go on with; null to compare none.</param>
    /// <param name="path">The checkpoint.</param>
    /// <exception cref="SereException">They differ, or the checkpoint's is of another version.</exception>
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
