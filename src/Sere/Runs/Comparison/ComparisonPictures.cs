using System.Globalization;
using Sere.Runs.Pictures;

namespace Sere.Runs.Comparison;

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
        DifferenceBar[] bars =
        [
            .. report.Rows.Select(row => new DifferenceBar(
                row.Model,
                row.Difference ?? (row.LogLikelihood - zero),
                row.DifferenceStandardError ?? 0,
                row.BitsPerDim is { } bits
                    ? string.Create(CultureInfo.InvariantCulture, $"{bits:F3} bits/dim")
                    : row.LogLikelihood.ToString("F2", CultureInfo.InvariantCulture).Replace('-', '\u2212'),
                plan.Row(row.Model).Baseline is not null)),
        ];
        DifferenceBarPicture.Write(
            folder.Picture,
            bars,
            $"log p(x) less that of {report.Reference} (nats per image)",
            $"{report.Suite}: log p(x) by {report.ImportanceSamples} importance samples, {report.Images} test images");
    }

    private static void WriteCurves(
        string path,
        IEnumerable<(string Name, IReadOnlyList<RunMetrics> Epochs)> rows,
        string label,
        Func<RunMetrics, double> place) => LearningCurvePicture.Write(
            path,
            [
                .. rows.Select(row => new LearningCurve(
                    row.Name,
                    [.. row.Epochs.Select(place)],
                    [.. row.Epochs.Select(epoch => epoch.ValidationElbo)])),
            ],
            label,
            "validation ELBO (nats per image)",
            "Learning curves");
}
