using Sere.Models.Configuration;

namespace Sere.Runs.Comparison;

/// <summary>A row of a suite: a preset, a configuration file or a baseline.</summary>
public sealed record SuiteRow
{
    /// <summary>The name in the table and of the folder; one to 100 letters, digits, '-', '_' and '.'.</summary>
    public string Name { get; init; } = "";

    /// <summary>A preset to train; see <see cref="Presets"/>.</summary>
    public string? Preset { get; init; }

    /// <summary>A configuration file to train, by its path from the suite's own file.</summary>
    public string? Config { get; init; }

    /// <summary>A model that is not trained by steps.</summary>
    public SuiteBaseline? Baseline { get; init; }

    /// <summary>Changes to the preset or file, "path=value"; see <see cref="ConfigurationOverrides"/>.</summary>
    public IReadOnlyList<string> Overrides { get; init; } = [];

    internal void Validate(string path)
    {
        ConfigurationCheck.RequireFolderName($"{path}.name", Name);
        bool[] given = [Preset is not null, Config is not null, Baseline is not null];
        if (given.Count(one => one) != 1)
        {
            throw new UsageException(
                $"{path} (\"{Name}\") needs one of \"preset\", \"config\" and \"baseline\", and has "
                + $"{given.Count(one => one)} of them.");
        }

        if (Baseline is { } baseline)
        {
            ConfigurationCheck.RequireNamed($"{path}.baseline", baseline);
            ConfigurationCheck.Require(
                Overrides.Count == 0, $"{path}.overrides", $"a list of {Overrides.Count}", "empty for a baseline");
        }
    }
}
