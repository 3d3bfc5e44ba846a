using System.Runtime.InteropServices;
using System.Text.Json;
using Sere.Data;
using Sere.Evaluation;
using Sere.Models.Configuration;

namespace Sere.Runs.Comparison;

/// <summary>What a comparison says: the object of comparison.json and of sere compare --json.</summary>
public sealed record ComparisonReport
{
    /// <summary>The suite.</summary>
    public required string Suite { get; init; }

    /// <summary>What it is about.</summary>
    public required string Description { get; init; }

    /// <summary>The data set.</summary>
    public required string Dataset { get; init; }

    /// <summary>The first test images, which every row was evaluated on.</summary>
    public required int Images { get; init; }

    /// <summary>Importance samples of each image, K.</summary>
    public required int ImportanceSamples { get; init; }

    /// <summary>Epochs of training.</summary>
    public required int Epochs { get; init; }

    /// <summary>Images of a training step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Seed of initialization and training; the evaluation has seed 1.</summary>
    public required long Seed { get; init; }

    /// <summary>The row that the others are compared with.</summary>
    public required string Reference { get; init; }

    /// <summary>Operating system and architecture that wrote the table.</summary>
    public required string Machine { get; init; }

    /// <summary>Threads that timed the training steps.</summary>
    public required int Threads { get; init; }

    /// <summary>Turns in which the training steps were timed.</summary>
    public required int StepTimeRounds { get; init; }

    /// <summary>Cores that other processes used while steps were timed; null where that is not known.</summary>
    public required double? OtherCores { get; init; }

    /// <summary>The rows that are done, in the suite's order.</summary>
    public required IReadOnlyList<ComparedRow> Rows { get; init; }

    /// <summary>The rows that failed.</summary>
    public required IReadOnlyList<FailedRow> Failed { get; init; }

    /// <summary>The object as JSON on several lines.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RunJson.Indented);

    /// <summary>Puts the figures of the rows side by side.</summary>
    internal static ComparisonReport Of(
        ComparisonPlan plan,
        DatasetSplits splits,
        IReadOnlyList<RowResult> results,
        IReadOnlyList<FailedRow> failed,
        StepTimes times)
    {
        var suite = plan.Suite;
        var reference = results.FirstOrDefault(row => string.Equals(row.Name, suite.Reference, StringComparison.Ordinal));
        return new ComparisonReport
        {
            Suite = suite.Name,
            Description = suite.Description,
            Dataset = splits.Name,
            Images = Math.Min(suite.Evaluation.Limit ?? splits.Test.Count, splits.Test.Count),
            ImportanceSamples = suite.Evaluation.ImportanceSamples,
            Epochs = suite.Epochs!.Value,
            BatchSize = suite.BatchSize!.Value,
            Seed = plan.Reference.Configuration.Seed,
            Reference = suite.Reference,
            Machine = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}",
            Threads = times.Threads,
            StepTimeRounds = times.Rounds,
            OtherCores = times.OtherCores,
            Rows = [.. results.Select(row => Row(row, reference, times, Bits(row, plan, splits)))],
            Failed = failed,
        };
    }

    /// <summary>Bits per dimension and whether they are a bound; null where a row is no model of levels.</summary>
    private static (double PerDim, bool IsBound)? Bits(RowResult result, ComparisonPlan plan, DatasetSplits splits)
    {
        var configuration = plan.Row(result.Name).Configuration;
        double logLikelihood = result.Images.LogLikelihood.Average();
        int dimensions = splits.Test.Shape.Dimensions;
        if (configuration.Dataset.Preparation == BinarizationRule.Dequantized)
        {
            double logDeterminant = SpaceLogDeterminants.Of(
                (configuration.Model.FlowPreprocessing as LogitConfiguration)?.Alpha,
                splits.Test.Slice(0, result.Images.LogLikelihood.Count),
                BinarizationRule.Dequantized,
                new EvaluationOptions().Seed).Average();
            return (SpaceLogDeterminants.BitsPerDim(logLikelihood, logDeterminant, dimensions), true);
        }

        return configuration.Model.DataLayer is LogisticMixtureDataConfiguration
            ? (-logLikelihood / (dimensions * Math.Log(2)), result.IsBound)
            : null;
    }

    private static ComparedRow Row(
        RowResult row, RowResult? reference, StepTimes times, (double PerDim, bool IsBound)? bits)
    {
        var logLikelihood = SampleStatistics.Of([.. row.Images.LogLikelihood]);
        var difference = reference is null || ReferenceEquals(row, reference)
            ? null
            : SampleStatistics.OfPairedDifference(row.Images.LogLikelihood, reference.Images.LogLikelihood);
        return new ComparedRow
        {
            Model = row.Name,
            Parameters = row.Parameters,
            LatentsPerLayer = row.LatentsPerLayer,
            StepMilliseconds = times.Milliseconds.TryGetValue(row.Name, out double time) ? time : null,
            RelativeStepTime = times.Relative.TryGetValue(row.Name, out double ratio) ? ratio : null,
            Elbo = row.Images.Elbo.Average(),
            LogLikelihood = logLikelihood.Mean,
            BitsPerDim = bits?.PerDim,
            BitsPerDimIsBound = bits?.IsBound,
            StandardError = Finite(logLikelihood.StandardError),
            IsBound = row.IsBound,
            Difference = difference?.Mean,
            DifferenceStandardError = Finite(difference?.StandardError),
            KlPerLayer = row.KlPerLayer,
            ActiveUnits = row.ActiveUnits,
            BestEpoch = row.BestEpoch,
            SkippedSteps = row.SkippedSteps,
            TrainingSeconds = row.Seconds,
        };
    }

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
