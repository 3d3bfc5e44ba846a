using System.Globalization;
using Sere.Data;
using Sere.Evaluation;
using Sere.Runs.Configuration;

namespace Sere.Runs;

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
