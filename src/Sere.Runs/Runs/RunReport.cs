using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Sere.Data;
using Sere.Evaluation;
using Sere.Numerics;
using Sere.Runs.Configuration;
using TorchSharp;

namespace Sere.Runs;

/// <summary>Writes report.md: what the run was and what came out.</summary>
internal static class RunReport
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>The report as Markdown.</summary>
    public static string Write(
        ExperimentConfiguration configuration,
        string command,
        IReadOnlyList<RunMetrics> metrics,
        long parameters,
        SplitEvaluation evaluation,
        IReadOnlyList<string>? remarks = null,
        torch.Device? device = null)
    {
        var report = evaluation.Report;
        var best = metrics.MaxBy(line => line.ValidationBound);
        var last = metrics.Count == 0 ? null : metrics[^1];
        var text = new StringBuilder();
        text.Append(Invariant, $"# {configuration.Name}\n\n{configuration.Description}\n\n");
        if (command.Length > 0)
        {
            text.Append(Invariant, $"```\n{command.TrimEnd()}\n```\n\n");
        }

        text.Append(Invariant, $"## {report.Split} images, {report.Images} of {report.Dataset}\n\n");
        text.Append(string.Concat((remarks ?? []).Select(remark => $"{remark}\n\n")));
        text.Append("| figure | value |\n| --- | --- |\n");
        string sign = report.IsBound ? "log p(x) >=" : "log p(x) =";
        string error = report.StandardError is { } value
            ? string.Create(Invariant, $" +- {value:F2} (standard error over images)")
            : "";
        bool hasLatents = report.KlPerLayer.Count > 0;
        string samples = hasLatents ? string.Create(Invariant, $", {report.ImportanceSamples} importance samples") : "";
        text.Append(Invariant, $"| {sign} | {report.LogLikelihood:F2}{error} nats{samples} |\n");
        if (hasLatents)
        {
            if (report is { MonteCarloError: { } noise, ParetoShape: { } shape })
            {
                text.Append(Invariant, $"| Monte-Carlo error of that mean | {noise:F3} nats |\n");
                text.Append(Invariant, $"| Pareto shape k of the importance weights, median | {shape:F2} |\n");
            }

            text.Append(Invariant, $"| ELBO | {report.Elbo:F2} nats |\n");
        }

        if (report.BitsPerDim is { } bits)
        {
            text.Append(Invariant, $"| bits/dim of the pixels{(report.BitsPerDimIsBound == true ? " <=" : "")} | {bits:F4} |\n");
        }

        if (evaluation.Baseline is { } baseline)
        {
            text.Append(Invariant, $"| independent pixels (trivial baseline), log p(x) = | {baseline.Mean:F2} nats |\n");
        }

        text.Append(Invariant, $"| space of the log-likelihood | {report.Space} |\n");
        if (hasLatents)
        {
            string kl = report.KlIsEstimated ? "KL divergence of all layers, one-sample log q - log p" : "KL divergence of all layers";
            text.Append(Invariant, $"| {kl} | {report.KlPerLayer.Sum():F2} nats |\n");
            if (evaluation.ResidualGain is { } gain)
            {
                text.Append(Invariant, $"| gain of the residual data layer over gamma1 alone | {gain.PerBlock.Sum():F2} nats |\n");
            }

            text.Append(Invariant, $"| active units | {report.ActiveUnits} of {evaluation.Usage.Activity.Count} |\n");
        }

        text.Append(Invariant, $"| seed of binarization and samples | {report.Seed} |\n\n");
        if (evaluation.Likelihoods.Caution is { } caution)
        {
            text.Append(Invariant, $"{caution}\n\n");
        }

        if (evaluation.Learned is { } learned)
        {
            text.Append(Invariant, $"{learned}\n\n");
        }

        text.Append("## Training\n\n| figure | value |\n| --- | --- |\n");
        text.Append(Invariant, $"| parameters | {parameters:N0} |\n");
        text.Append(Invariant, $"| epochs | {last?.Epoch ?? 0} |\n");
        int trained = configuration.Training.ImportanceSamples;
        string bound = !hasLatents ? "log-likelihood" : trained == 1 ? "ELBO" : $"bound of {trained} importance samples";
        text.Append(
            Invariant,
            $"| best epoch, by validation {bound} | {best?.Epoch ?? 0} ({best?.ValidationBound ?? double.NaN:F2} nats) |\n");
        text.Append(Invariant, $"| wall time | {WallTime(last?.Seconds ?? 0)} |\n");
        text.Append(Invariant, $"| skipped steps | {metrics.Sum(line => (long)line.SkippedSteps)} |\n");
        text.Append(Invariant, $"| seed | {configuration.Seed} |\n");
        text.Append(
            Invariant,
            $"| machine | {RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}, "
            + $"{ThreadTuner.Description}{(device?.type == DeviceType.CUDA ? $", {CudaDriver.DeviceName}" : "")}, "
            + $"libtorch {NativeLibraries.Version} |\n\n");
        text.Append("![samples](samples.png)\n\n");
        if (hasLatents)
        {
            text.Append("![reconstructions](reconstructions.png)\n\n");
        }

        if (configuration.Dataset is { Shape: { Channels: 1, Height: 1, Width: 2 }, Range: not null })
        {
            text.Append("![density](density.png)\n\n");
        }

        text.Append("![learning curve](learning-curve.png)\n");
        if (hasLatents)
        {
            text.Append("\n![KL divergence per layer](kl-per-layer.png)\n");
        }

        if (evaluation.ResidualGain is not null)
        {
            text.Append("\n![gain of the residual data layer](residual-gain.png)\n");
        }

        return text.ToString();
    }

    private static string WallTime(double seconds)
    {
        var time = TimeSpan.FromSeconds(seconds);
        return $"{(long)time.TotalHours:00}:{time:mm\\:ss}";
    }
}

/// <summary>What a run has learned, in a line; and whether that is anything.</summary>
internal static class LearnedSummary
{
    // Below, the bound of the validation images is no longer that of the training images.
    private const double LargestGap = 0.05;

    // No density of a dimension that a model fits is as large or as small.
    private const double LargestNats = 1000;

    /// <summary>
    /// Nats above the trivial model of the data's kind, active units, whether the bound can be trusted, and whether the model
    /// knows its training images better than others. A model that is no better than the trivial one is told what to do.
    /// </summary>
    /// <param name="configuration">The run's configuration.</param>
    /// <param name="splits">Its data.</param>
    /// <param name="metrics">Its epochs.</param>
    /// <param name="evaluation">The evaluation of its best weights.</param>
    public static string Of(
        ExperimentConfiguration configuration,
        DatasetSplits splits,
        IReadOnlyList<RunMetrics> metrics,
        SplitEvaluation evaluation)
    {
        var report = evaluation.Report;
        var (name, trivial) = Trivial(configuration, splits, evaluation);
        double gain = report.LogLikelihood - trivial;
        bool isAbsurd = !(Math.Abs(report.LogLikelihood) < LargestNats * splits.Train.Shape.Dimensions);
        if (isAbsurd || gain <= 0)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"Nothing was learned: {report.LogLikelihood:G6} nats an image is "
                + $"{(isAbsurd ? "no figure of a model that fits" : $"no better than {name} ({trivial:F2})")}, so that its scores say nothing; train for more epochs, or look whether the preset suits the images (sere presets).");
        }

        var parts = new List<string>
        {
            string.IsNullOrEmpty(name)
                ? string.Create(CultureInfo.InvariantCulture, $"{report.LogLikelihood:F2} nats an image")
                : string.Create(CultureInfo.InvariantCulture, $"{gain:F2} nats an image above {name}"),
        };
        if (report.KlPerLayer.Count > 0)
        {
            parts.Add($"{report.ActiveUnits} of {evaluation.Usage.Activity.Count} latent units are active");
            if (report.ParetoShape is { } shape)
            {
                parts.Add(shape > ImageLikelihoods.LargestReliableShape
                    ? string.Create(CultureInfo.InvariantCulture, $"the bound is loose (Pareto shape {shape:F1})")
                    : "the bound can be trusted");
            }
        }

        var best = metrics.Where(line => double.IsFinite(line.ValidationBound)).MaxBy(line => line.ValidationBound);
        double scale = Math.Abs(trivial - report.LogLikelihood);
        if (best is not null && double.IsFinite(scale) && best.Elbo - best.ValidationElbo > LargestGap * scale)
        {
            parts.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"training images are known {best.Elbo - best.ValidationElbo:F0} nats better than others, so more images would help"));
        }

        return $"Learned: {string.Join("; ", parts)}.";
    }

    private static (string Name, double LogLikelihood) Trivial(
        ExperimentConfiguration configuration, DatasetSplits splits, SplitEvaluation evaluation)
    {
        if (evaluation.Baseline is { } baseline)
        {
            return ("independent pixels", baseline.Mean);
        }

        if (configuration.Model.DataLayer.WholeLevels is not { } levels)
        {
            return ("", double.NegativeInfinity);
        }

        var images = splits.Test.Slice(0, Math.Min(splits.Test.Count, evaluation.Report.Images));
        return (
            splits.Train.Shape.Channels == 1 ? "independent pixels of one distribution" : "independent pixels of one distribution a channel",
            ChannelLogisticMixture.LogLikelihood(splits.Train, images, levels).Average());
    }
}
