using System.Globalization;
using System.Text;

namespace Sere.Runs.Comparison;

/// <summary>Writes a comparison as Markdown and as CSV.</summary>
public static class ComparisonTable
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>The headings of the table, as people read it.</summary>
    public static IReadOnlyList<string> Headings { get; } =
    [
        "model", "parameters", "latents", "step time", "ELBO", "log p(x)", "difference", "KL per layer", "active units",
    ];

    /// <summary>The cells of a row under <see cref="Headings"/>.</summary>
    public static IReadOnlyList<string> Cells(ComparedRow row) =>
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
    ];

    /// <summary>The page: the table, how it came about, and its pictures.</summary>
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

        text.Append(Invariant, $"| {string.Join(" | ", Headings)} |\n|{string.Concat(Headings.Select(_ => " --- |"))}\n");
        foreach (var row in report.Rows)
        {
            text.Append(Invariant, $"| {string.Join(" | ", Cells(row))} |\n");
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
            + "training_seconds,bits_per_dim,bits_per_dim_is_bound\n");
        foreach (var row in report.Rows)
        {
            text.Append(
                Invariant,
                $"{row.Model},{row.Parameters},{string.Join(';', row.LatentsPerLayer)},{Number(row.StepMilliseconds)},"
                + $"{Number(row.RelativeStepTime)},{Number(row.Elbo)},{Number(row.LogLikelihood)},"
                + $"{Number(row.StandardError)},{(row.IsBound ? "true" : "false")},{Number(row.Difference)},"
                + $"{Number(row.DifferenceStandardError)},{string.Join(';', row.KlPerLayer.Select(kl => Number(kl)))},"
                + $"{row.ActiveUnits},{row.BestEpoch},{row.SkippedSteps},{Number(row.TrainingSeconds)},"
                + $"{Number(row.BitsPerDim)},{(row.BitsPerDimIsBound is { } isBound ? isBound ? "true" : "false" : "")}\n");
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

    private static string Bits(ComparedRow row) => row.BitsPerDim is { } bits
        ? string.Create(Invariant, $" ({(row.BitsPerDimIsBound == true ? "<= " : "")}{bits:F3} bits/dim)")
        : "";

    private static string Number(double? value) => value?.ToString("R", Invariant) ?? "";
}
