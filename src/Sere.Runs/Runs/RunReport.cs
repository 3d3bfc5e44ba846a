using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
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
