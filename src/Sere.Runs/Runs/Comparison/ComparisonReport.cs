using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sere.Data;
using Sere.Evaluation;
using Sere.Runs.Pictures;

namespace Sere.Runs.Comparison;

/// <summary>What a comparison says: the object of comparison.json and of sere compare --json.</summary>
internal sealed record ComparisonReport(
    string Suite, string Description, string Dataset,
    // The first test images, which every row was evaluated on.
    int Images,
    int ImportanceSamples, int Epochs, int BatchSize,
    // Seed of initialization and training; the evaluation has seed 1.
    long Seed,
    string Reference, string Machine, int Threads,
    // Turns in which the training steps were timed.
    int StepTimeRounds,
    // Cores that other processes used while steps were timed; null where that is not known.
    double? OtherCores,
    IReadOnlyList<ComparedRow> Rows, IReadOnlyList<FailedRow> Failed)
{
    /// <summary>How many images with a defect rows had to find; null where the data set has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Defects { get; init; }

    /// <summary>The object as JSON on several lines.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RunJson.Indented);

    internal static ComparisonReport Of(
        ComparisonPlan plan,
        DatasetSplits splits,
        IReadOnlyList<RowResult> results,
        IReadOnlyList<FailedRow> failed,
        StepTimes times)
    {
        var suite = plan.Suite;
        var reference = results.FirstOrDefault(row => string.Equals(row.Name, suite.Reference, StringComparison.Ordinal));
        return new ComparisonReport(
            Suite: suite.Name,
            Description: suite.Description,
            Dataset: splits.Name,
            Images: ComparisonPlan.Evaluated(splits.Test, suite.Evaluation.Limit).Count,
            ImportanceSamples: suite.Evaluation.ImportanceSamples,
            Epochs: suite.Epochs!.Value,
            BatchSize: suite.BatchSize!.Value,
            Seed: plan.Reference.Configuration.Seed,
            Reference: suite.Reference,
            Machine: $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}{(times.Gpu is { } gpu ? $", {gpu}" : "")}",
            Threads: times.Threads,
            StepTimeRounds: times.Rounds,
            OtherCores: times.OtherCores,
            Rows: [.. results.Select(row => Row(row, reference, times, Bits(row, plan, splits)))],
            Failed: failed)
        {
            Defects = splits.Defects is { } defects ? ComparisonPlan.Evaluated(defects, suite.Evaluation.Limit).Count : null,
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
                configuration.Model.DataLayer.FlowSpace?.LogitAlpha,
                splits.Test.Slice(0, result.Images.LogLikelihood.Count),
                BinarizationRule.Dequantized,
                new EvaluationOptions().Seed).Average();
            return (SpaceLogDeterminants.BitsPerDim(logLikelihood, logDeterminant, dimensions), true);
        }

        return configuration.Model.DataLayer.WholeLevels is not null
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
        return new ComparedRow(
            Model: row.Name,
            Parameters: row.Parameters,
            LatentsPerLayer: row.LatentsPerLayer,
            StepMilliseconds: times.Milliseconds.TryGetValue(row.Name, out double time) ? time : null,
            RelativeStepTime: times.Relative.TryGetValue(row.Name, out double ratio) ? ratio : null,
            Elbo: row.Images.Elbo.Average(),
            LogLikelihood: logLikelihood.Mean,
            BitsPerDim: bits?.PerDim,
            BitsPerDimIsBound: bits?.IsBound,
            StandardError: Finite(logLikelihood.StandardError),
            IsBound: row.IsBound,
            Difference: difference?.Mean,
            DifferenceStandardError: Finite(difference?.StandardError),
            KlPerLayer: row.KlPerLayer,
            ActiveUnits: row.ActiveUnits,
            BestEpoch: row.BestEpoch,
            SkippedSteps: row.SkippedSteps,
            TrainingSeconds: row.Seconds)
        {
            Detection = row.Detection,
        };
    }

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}

/// <summary>Writes a comparison as Markdown and as CSV.</summary>
internal static class ComparisonTable
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>The headings of the table, as people read it.</summary>
    public static IReadOnlyList<string> Headings(ComparisonReport report) =>
    [
        "model", "parameters", "latents", "step time", "ELBO", "log p(x)", "difference", "KL per layer", "active units",
        .. (string[])(report.Defects is null ? [] : ["area"]),
    ];

    /// <summary>The cells of a row, one for each heading.</summary>
    public static IReadOnlyList<string> Cells(ComparisonReport report, ComparedRow row) =>
    [
        row.Model,
        row.Parameters.ToString("N0", Invariant),
        Latents(row.LatentsPerLayer),
        row.RelativeStepTime is { } ratio ? string.Create(Invariant, $"{ratio:F2}") : "",
        string.Create(Invariant, $"{row.Elbo:F2}"),
        $"{(row.IsBound ? ">=" : "=")} {WithError(row.LogLikelihood, row.StandardError)}{Bits(row)}",
        row.Difference is { } difference ? WithError(difference, row.DifferenceStandardError) : "",
        string.Join(' ', row.KlPerLayer.Select(kl => string.Create(Invariant, $"{kl:F1}"))),
        row.LatentsPerLayer.Count > 0 ? string.Create(Invariant, $"{row.ActiveUnits} of {row.LatentsPerLayer.Sum()}") : "",
        .. (string[])(report.Defects is null ? [] : [Area(row.Detection)]),
    ];

    public static string Markdown(ComparisonReport report, string command)
    {
        var text = new StringBuilder();
        text.Append(Invariant, $"# {report.Suite}\n\n");
        if (report.Description.Length > 0)
        {
            text.Append(Invariant, $"{report.Description}\n\n");
        }

        if (command.Length > 0)
        {
            text.Append(Invariant, $"```\n{command.TrimEnd()}\n```\n\n");
        }

        var headings = Headings(report);
        text.Append(Invariant, $"| {string.Join(" | ", headings)} |\n|{string.Concat(headings.Select(_ => " --- |"))}\n");
        foreach (var row in report.Rows)
        {
            text.Append(Invariant, $"| {string.Join(" | ", Cells(report, row))} |\n");
        }

        text.Append('\n');
        foreach (var row in report.Failed)
        {
            text.Append(Invariant, $"The row {row.Model} failed: {row.Reason}\n\n");
        }

        text.Append(
            Invariant,
            $"- Nats per image, means over the first {report.Images} test images of {report.Dataset}, the same data for every "
            + $"row; {report.ImportanceSamples} importance samples an image. +- is the standard error.\n");
        text.Append(
            Invariant,
            $"- difference: log p(x) less that of {report.Reference}, image by image, and the standard error of its mean.\n");
        if (report.Defects is { } defects)
        {
            text.Append(
                Invariant,
                $"- area: under the ROC curve, of {defects} images with a defect beside those test images, with its 95 % bootstrap "
                + $"interval; by novelty, of pca by the largest mean of 3x3 squared residuals, of other baselines by -log p(x).\n");
        }

        text.Append(
            Invariant,
            $"- Training: {report.Epochs} epochs, {report.BatchSize} images a step, seed {report.Seed}; best epoch by validation.\n");
        text.Append(Invariant, $"- {StepTime(report)}\n");
        long skipped = report.Rows.Sum(row => row.SkippedSteps);
        text.Append(Invariant, $"- Skipped steps of all rows: {skipped}. Machine: {report.Machine}.\n\n");
        text.Append("![log-likelihoods](comparison.png)\n\n![learning curves over epochs](learning-curves.png)\n\n");
        text.Append("![learning curves over time](learning-curves-time.png)\n");
        return text.ToString();
    }

    /// <summary>A header, and a line for each row with every digit; lists are joined by semicolons.</summary>
    public static string Csv(ComparisonReport report)
    {
        var text = new StringBuilder();
        text.Append(
            "model,parameters,latents_per_layer,step_milliseconds,relative_step_time,elbo,log_likelihood,standard_error,"
            + "is_bound,difference,difference_standard_error,kl_per_layer,active_units,best_epoch,skipped_steps,"
            + $"training_seconds,bits_per_dim,bits_per_dim_is_bound{(report.Defects is null ? "" : ",area,area_low,area_high")}\n");
        foreach (var row in report.Rows)
        {
            text.Append(
                Invariant,
                $"{row.Model},{row.Parameters},{string.Join(';', row.LatentsPerLayer)},{Number(row.StepMilliseconds)},"
                + $"{Number(row.RelativeStepTime)},{Number(row.Elbo)},{Number(row.LogLikelihood)},"
                + $"{Number(row.StandardError)},{(row.IsBound ? "true" : "false")},{Number(row.Difference)},"
                + $"{Number(row.DifferenceStandardError)},{string.Join(';', row.KlPerLayer.Select(kl => Number(kl)))},"
                + $"{row.ActiveUnits},{row.BestEpoch},{row.SkippedSteps},{Number(row.TrainingSeconds)},"
                + $"{Number(row.BitsPerDim)},{(row.BitsPerDimIsBound is { } isBound ? isBound ? "true" : "false" : "")}");
            if (report.Defects is not null)
            {
                text.Append(
                    Invariant,
                    $",{Number(row.Detection?.Area)},{Number(row.Detection?.Low)},{Number(row.Detection?.High)}");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static string StepTime(ComparisonReport report)
    {
        string load = report.OtherCores is { } cores
            ? string.Create(Invariant, $"other processes used {cores:F1} of {Environment.ProcessorCount} cores meanwhile")
            : "how busy the machine was otherwise is not known";
        return $"step time: a training step over one of {report.Reference}, the median of {report.StepTimeRounds} turns in "
            + $"which each row takes a step, on {report.Threads} threads; {load}.";
    }

    private static string Latents(IReadOnlyList<int> perLayer) => perLayer.Count == 0 ? "0"
        : perLayer.Distinct().Count() == 1 ? string.Create(Invariant, $"{perLayer.Count} x {perLayer[0]}")
        : string.Join(" + ", perLayer);

    private static string WithError(double value, double? error) => error is { } known
        ? string.Create(Invariant, $"{value:F2} +- {known:F2}")
        : string.Create(Invariant, $"{value:F2}");

    private static string Area(DefectDetection? detection) => detection is null
        ? ""
        : string.Create(Invariant, $"{detection.Area:F3} ({detection.Low:F3} to {detection.High:F3})");

    private static string Bits(ComparedRow row) => row.BitsPerDim is { } bits
        ? string.Create(Invariant, $" ({(row.BitsPerDimIsBound == true ? "<= " : "")}{bits:F3} bits/dim)")
        : "";

    private static string Number(double? value) => value?.ToString("R", Invariant) ?? "";
}

/// <summary>Draws the pictures of a comparison.</summary>
internal static class ComparisonPictures
{
    /// <summary>The bars of the log-likelihoods, and the learning curves over epochs and over wall time.</summary>
    public static void Write(
        ComparisonFolder folder, ComparisonPlan plan, ComparisonReport report, Action<string> warn)
    {
        WriteBars(folder, plan, report);
        (string Name, IReadOnlyList<RunMetrics> Epochs)[] rows =
        [
            .. plan.Rows.Where(row => row.Baseline is null)
                .Select(row => (row.Name, MetricsLog.Read(folder.Run(row.Name).Metrics, warn))),
        ];
        WriteCurves(folder.LearningCurves, rows, "epoch", epoch => epoch.Epoch);
        WriteCurves(
            folder.LearningCurvesOverTime, rows, "minutes of training and validation", epoch => epoch.Seconds / 60);
    }

    private static void WriteBars(ComparisonFolder folder, ComparisonPlan plan, ComparisonReport report)
    {
        // Without the reference there are no differences: then the best row is the zero.
        var reference = report.Rows.FirstOrDefault(
            row => string.Equals(row.Model, report.Reference, StringComparison.Ordinal));
        double zero = reference?.LogLikelihood ?? report.Rows.Max(row => row.LogLikelihood);
        Bars.WriteDifferences(
            folder.Picture,
            report.Rows.Select(row => (
                row.Model,
                row.Difference ?? (row.LogLikelihood - zero),
                row.DifferenceStandardError ?? 0,
                row.BitsPerDim is { } bits
                    ? string.Create(CultureInfo.InvariantCulture, $"{bits:F3} bits/dim")
                    : row.LogLikelihood.ToString("F2", CultureInfo.InvariantCulture),
                plan.Row(row.Model).Baseline is not null)),
            $"log p(x) less that of {report.Reference} (nats per image)",
            $"{report.Suite}: log p(x) by {report.ImportanceSamples} importance samples, {report.Images} test images");
    }

    private static void WriteCurves(
        string path,
        IEnumerable<(string Name, IReadOnlyList<RunMetrics> Epochs)> rows,
        string label,
        Func<RunMetrics, double> place) => LearningCurves.Write(
            path,
            rows.Select(row => (row.Name, row.Epochs.Select(epoch => (place(epoch), epoch.ValidationElbo)).ToArray())),
            label,
            "validation ELBO (nats per image)",
            "Learning curves");
}
