using System.Text.Json;
using System.Text.Json.Nodes;
using Sere.Data;
using Sere.Evaluation;
using Sere.Runs.Configuration;

namespace Sere.Runs.Comparison;

/// <summary>A suite whose rows are resolved to configurations of the same budget, batch, seed and images.</summary>
internal sealed record ComparisonPlan(Suite Suite, IReadOnlyList<PlannedRow> Rows)
{
    public PlannedRow Reference => Row(Suite.Reference);

    public static ComparisonPlan Create(Suite suite, string? folder, ComparisonOptions options)
    {
        suite.Validate();
        var named = suite.Rows.First(row => string.Equals(row.Name, suite.Reference, StringComparison.Ordinal));
        var reference = Configuration(suite, named, folder);
        suite = suite with
        {
            Epochs = options.Epochs ?? suite.Epochs ?? reference.Training.Epochs,
            BatchSize = suite.BatchSize ?? reference.Training.BatchSize,
            Evaluation = suite.Evaluation with
            {
                ImportanceSamples = options.ImportanceSamples ?? suite.Evaluation.ImportanceSamples,
                Limit = options.Limit ?? suite.Evaluation.Limit,
            },
        };
        suite.Validate();
        long seed = options.Seed ?? reference.Seed;
        return new ComparisonPlan(suite, [.. suite.Rows.Select(row => Plan(suite, row, folder, reference, seed))]);
    }

    /// <summary>Everything that decides a figure, as JSON.</summary>
    internal JsonObject Settings(DatasetSplits splits)
    {
        var settings = new JsonObject
        {
            ["name"] = Suite.Name,
            ["reference"] = Suite.Reference,
            ["evaluation"] = JsonSerializer.SerializeToNode(Suite.Evaluation, ConfigurationSchema.Options),
            ["images"] = splits.Digest(),
            ["rows"] = new JsonObject(Rows.Select(row => KeyValuePair.Create<string, JsonNode?>(
                row.Name,
                row.Baseline is { } baseline
                    ? JsonSerializer.SerializeToNode(baseline, ConfigurationSchema.Options)
                    : JsonSerializer.SerializeToNode(row.Configuration, ConfigurationSchema.Options)))),
        };
        if (splits.Defects is { } defects)
        {
            settings["defects"] = defects.Count;
        }

        return settings;
    }

    /// <summary>The images that rows are evaluated on: the first of the test images, or of those with a defect.</summary>
    internal static ImageSet Evaluated(ImageSet images, int? limit) => images.Slice(0, Math.Min(limit ?? images.Count, images.Count));

    internal PlannedRow Row(string name) =>
        Rows.First(row => string.Equals(row.Name, name, StringComparison.Ordinal));

    private static PlannedRow Plan(
        Suite suite, SuiteRow row, string? folder, ExperimentConfiguration reference, long seed)
    {
        var configuration = row.Baseline is null ? Configuration(suite, row, folder) : reference;
        if (ConfigurationDifference.First(reference, reference with { Dataset = configuration.Dataset }) is { } difference)
        {
            throw new UsageException(
                $"The row \"{row.Name}\" has other data than the reference \"{suite.Reference}\": {difference}; give both "
                + "the same.");
        }

        if (row.Baseline is SuiteBaseline.ChannelLogisticMixture or SuiteBaseline.Pca
            && reference.Model.DataLayer.WholeLevels is null)
        {
            throw new UsageException(
                $"The row \"{row.Name}\" is a baseline of images of whole levels, and the reference's model.data.kind is not "
                + "logistic-mixture; leave it out.");
        }

        var rule = configuration.Dataset.Preparation;
        if (row.Baseline == SuiteBaseline.IndependentPixels && (rule is BinarizationRule.None or BinarizationRule.Dequantized))
        {
            throw new UsageException(
                $"The row \"{row.Name}\" is a baseline of binary images, and the data are not binarized; leave it out.");
        }

        if (row.Baseline == SuiteBaseline.FullGaussian && rule != BinarizationRule.Dequantized)
        {
            throw new UsageException(
                $"The row \"{row.Name}\" is a baseline of dequantized images, and the data are not dequantized; leave it out.");
        }

        if (row.Baseline == SuiteBaseline.FullGaussian && reference.Model.DataLayer.FlowSpace?.LogitAlpha is null)
        {
            throw new UsageException(
                $"The row \"{row.Name}\" is a baseline in logit space, and the reference's preprocessing.kind is not logit; "
                + "leave it out.");
        }

        configuration = configuration with
        {
            Name = row.Name,
            Seed = seed,
            Training = configuration.Training with { Epochs = suite.Epochs!.Value, BatchSize = suite.BatchSize!.Value },
            Evaluation = new EvaluationChoice
            {
                ImportanceSamples = suite.Evaluation.ImportanceSamples,
                Limit = suite.Evaluation.Limit,
            },
        };
        return new PlannedRow(row.Name, configuration, row.Baseline);
    }

    private static ExperimentConfiguration Configuration(Suite suite, SuiteRow row, string? folder)
    {
        try
        {
            var named = row.Preset is { } preset
                ? Presets.Load(preset)
                : ConfigurationFile.Load(Path.Combine(folder ?? "", row.Config!));
            var changed = ConfigurationOverrides.Apply(named, [.. suite.Overrides, .. row.Overrides]);
            string dataset = DatasetCatalog.WithFullPath(changed.Dataset.Name);
            return changed with { Dataset = changed.Dataset with { Name = dataset } };
        }
        catch (UsageException error)
        {
            throw new UsageException($"The row \"{row.Name}\" of the suite {suite.Name}: {error.Message}", error);
        }
    }
}

/// <summary>A row of a suite as it is run.</summary>
internal sealed record PlannedRow(string Name, ExperimentConfiguration Configuration, SuiteBaseline? Baseline);
