using System.Text.Json;
using System.Text.Json.Nodes;
using Sere.Models.Configuration;
using Sere.Storage;

namespace Sere.Runs.Comparison;

/// <summary>
/// The places of what a comparison leaves. Each is looked at when it is asked for: it and the folders on the way below
/// <see cref="Root"/> must be no links, or a <see cref="SereException"/> is thrown.
/// </summary>
public sealed class ComparisonFolder
{
    private const long LargestFile = 1L << 28;

    /// <summary>The folder of a comparison, whether it exists or not.</summary>
    public ComparisonFolder(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Root = path;
    }

    /// <summary>The folder itself.</summary>
    public string Root { get; }

    /// <summary>Everything that decides a figure: the rows' configurations, the evaluation, the digest of the images.</summary>
    public string Settings => LinkFreePath.Below(Root, "suite.json");

    /// <summary>The command line that started the comparison.</summary>
    public string Command => LinkFreePath.Below(Root, "command.txt");

    /// <summary>The table as Markdown, with how it came about.</summary>
    public string Markdown => LinkFreePath.Below(Root, "comparison.md");

    /// <summary>The table as CSV.</summary>
    public string Csv => LinkFreePath.Below(Root, "comparison.csv");

    /// <summary>The table as JSON.</summary>
    public string Json => LinkFreePath.Below(Root, "comparison.json");

    /// <summary>The log-likelihoods as a bar chart.</summary>
    public string Picture => LinkFreePath.Below(Root, "comparison.png");

    /// <summary>Validation ELBO of all rows over the epochs.</summary>
    public string LearningCurves => LinkFreePath.Below(Root, "learning-curves.png");

    /// <summary>Validation ELBO of all rows over the wall time.</summary>
    public string LearningCurvesOverTime => LinkFreePath.Below(Root, "learning-curves-time.png");

    /// <summary>What a training step of each row takes.</summary>
    public string StepTimes => LinkFreePath.Below(Root, "step-times.json");

    /// <summary>The run of a row: what sere train leaves, and the row's figures.</summary>
    public RunFolder Run(string row) => new(LinkFreePath.Below(Root, "rows", row));

    /// <summary>The figures of a row; it is done once they are there.</summary>
    public string Result(string row) => LinkFreePath.Below(Root, "rows", row, "result.json");

    /// <summary>The figures of each test image of a row.</summary>
    public string PerImage(string row) => LinkFreePath.Below(Root, "rows", row, "per-image.csv");

    /// <summary>Makes the folder for settings, or goes on in one of the same settings.</summary>
    /// <exception cref="UsageException">It holds a comparison of other settings; the sentence names the first difference.</exception>
    /// <exception cref="SereException">It cannot be made or read.</exception>
    internal void Open(JsonObject settings, string? command)
    {
        if (File.Exists(Settings))
        {
            RequireSame(settings);
            return;
        }

        try
        {
            if (Directory.Exists(Root) && Directory.EnumerateFileSystemEntries(Root).Any())
            {
                throw new UsageException(
                    $"'{Root}' holds other files and no comparison (no suite.json); name another folder with --out.");
            }

            Directory.CreateDirectory(Root);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SereException($"The folder '{Root}' cannot be made: {error.Message}", error);
        }

        // First what makes the folder a comparison's, should the process end here.
        AtomicFile.WriteAllText(Settings, settings.ToJsonString(ConfigurationSchema.Options) + "\n");
        if (command is not null)
        {
            AtomicFile.WriteAllText(Command, command + "\n");
        }
    }

    /// <summary>The command line; empty where none is kept.</summary>
    internal string ReadCommand() => OrdinaryFile.HasContent(Command) ? ReadText(Command) : "";

    /// <summary>Reads a file of the comparison.</summary>
    /// <exception cref="SereException">It cannot be read.</exception>
    internal static string ReadText(string path)
    {
        try
        {
            return OrdinaryFile.ReadAllText(path, LargestFile);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Reading(path, error);
        }
    }

    private void RequireSame(JsonObject settings)
    {
        string? difference;
        try
        {
            var kept = JsonNode.Parse(ReadText(Settings), documentOptions: ConfigurationSchema.Reading);
            difference = ConfigurationDifference.First(kept, settings);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is what a text with half of a surrogate pair ends in.
            throw new SereException(
                $"'{Settings}' is damaged: it is no sound JSON; restore it, or name another folder with --out.", error);
        }

        if (difference is not null)
        {
            throw new UsageException(
                $"'{Settings}' is of a comparison with other settings: {difference}; give the same again, or name another "
                + "folder with --out.");
        }
    }
}
