using Sere.Models.Configuration;

namespace Sere.Runs.Comparison;

/// <summary>
/// Which models are compared, and how: every row is trained for as many epochs, on the same batches of the same binary
/// images, and evaluated with the same importance samples on the same binary test images.
/// </summary>
public sealed record Suite
{
    /// <summary>A short name for reports; one to 100 characters.</summary>
    public string Name { get; init; } = "";

    /// <summary>A sentence or two for readers; at most 10,000 characters, may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>The name of the row that the others are compared with. It trains a model, and its data are the suite's.</summary>
    public string Reference { get; init; } = "";

    /// <summary>How often every training image is seen, at least 1; null for as often as the reference's configuration says.</summary>
    public int? Epochs { get; init; }

    /// <summary>The images of a training step, at least 1; null for as many as the reference's configuration says.</summary>
    public int? BatchSize { get; init; }

    /// <summary>How every row is evaluated.</summary>
    public SuiteEvaluation Evaluation { get; init; } = new();

    /// <summary>Changes to every configuration, "path=value"; they come before those of the row.</summary>
    public IReadOnlyList<string> Overrides { get; init; } = [];

    /// <summary>The rows of the table, in its order; one to 100.</summary>
    public IReadOnlyList<SuiteRow> Rows { get; init; } = [];

    /// <summary>Checks every value against its range.</summary>
    /// <exception cref="UsageException">A value is out of its range, or the reference is not one of the rows.</exception>
    public void Validate()
    {
        ConfigurationCheck.RequireFolderName("name", Name);
        ConfigurationCheck.Require(
            Description is { Length: <= 10_000 }, "description", Description, "a text of at most 10000 characters");
        RequireCount("epochs", Epochs);
        RequireCount("batchSize", BatchSize);
        ConfigurationCheck.Require(
            Evaluation.ImportanceSamples is >= 1 and <= ConfigurationCheck.MaximumSamples,
            "evaluation.importanceSamples",
            Evaluation.ImportanceSamples,
            $"a whole number from 1 to {ConfigurationCheck.MaximumSamples}");
        RequireCount("evaluation.limit", Evaluation.Limit);
        ConfigurationCheck.Require(Rows.Count is >= 1 and <= 100, "rows", $"a list of {Rows.Count}", "a list of 1 to 100 rows");
        for (int i = 0; i < Rows.Count; i++)
        {
            Rows[i].Validate($"rows[{i}]");
            string name = Rows[i].Name;

            // Rows are folders, and some file systems do not tell upper from lower case.
            ConfigurationCheck.Require(
                Rows.Take(i).All(row => !row.Name.Equals(name, StringComparison.OrdinalIgnoreCase)),
                $"rows[{i}].name",
                name,
                "another name than those of the rows before it");
        }

        string[] models = [.. Rows.Where(row => row.Baseline is null).Select(row => row.Name)];
        if (!models.Contains(Reference, StringComparer.Ordinal))
        {
            throw ConfigurationSchema.Unknown(
                $"reference is \"{ConfigurationSchema.Short(Reference)}\", which is no row that trains a model",
                Reference,
                models);
        }
    }

    private static void RequireCount(string path, int? count) => ConfigurationCheck.Require(
        count is null or (>= 1 and <= ConfigurationCheck.MaximumCount),
        path,
        count,
        $"a whole number from 1 to {ConfigurationCheck.MaximumCount}, or null");
}
