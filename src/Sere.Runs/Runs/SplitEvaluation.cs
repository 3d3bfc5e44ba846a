using System.Diagnostics;
using System.Text.Json;
using Sere.Data;
using Sere.Distributed;
using Sere.Evaluation;

namespace Sere.Runs;

/// <summary>The evaluation of a model on a split, image by image.</summary>
/// <param name="Report">The summary.</param>
/// <param name="Likelihoods">Each image.</param>
/// <param name="Usage">How the latent space is used.</param>
/// <param name="Baseline">Independent pixels on the same binary images; null where the data is not binary.</param>
/// <param name="ResidualGain">What the residual data layer adds; null for a model without one.</param>
public sealed record SplitEvaluation(
    EvaluationReport Report,
    ImageLikelihoods Likelihoods,
    LatentUsage Usage,
    SampleStatistics? Baseline,
    ResidualGain? ResidualGain)
{
    /// <summary>What a run has learned, in a line; null but at the end of training.</summary>
    public string? Learned { get; init; }

    /// <summary>Evaluates the first images of a split.</summary>
    /// <param name="model">The model.</param>
    /// <param name="splits">Its data.</param>
    /// <param name="split">Which part.</param>
    /// <param name="limit">How many images; null for all.</param>
    /// <param name="options">Samples and seed.</param>
    /// <param name="onImages">Called with the number of images done and of all.</param>
    /// <param name="group">
    /// The processes that share the images, all of which make this call and get the same figures; null for this one
    /// alone.
    /// </param>
    /// <param name="cancellation">Asks to stop.</param>
    public static SplitEvaluation Evaluate(
        TrainedModel model,
        DatasetSplits splits,
        DataSplit split,
        int? limit,
        EvaluationOptions options,
        Action<int, int>? onImages = null,
        ProcessGroup? group = null,
        CancellationToken cancellation = default)
    {
        long start = Stopwatch.GetTimestamp();
        var all = split switch
        {
            DataSplit.Train => splits.Train,
            DataSplit.Validation => splits.Validation,
            DataSplit.Test => splits.Test,
        };
        var images = all.Slice(0, Math.Min(limit ?? all.Count, all.Count));
        var likelihoods = model.Evaluate(
            images, options, done => onImages?.Invoke(done, images.Count), group, cancellation);
        var usage = LatentUsage.Measure(model.Model, images, model.Binarization, options.Seed);
        var baseline = model.Binarization is BinarizationRule.None or BinarizationRule.Dequantized
            ? null
            : SampleStatistics.Of(
                IndependentPixels.LogLikelihood(splits.Train, images, model.Binarization, options.Seed));
        var gain = Evaluation.ResidualGain.Measure(model.Model, images, model.Binarization, options.Seed);
        var logLikelihood = SampleStatistics.Of(likelihoods.LogLikelihood);
        double? bits = BitsPerDim(model, images, logLikelihood.Mean, options.Seed);
        var report = new EvaluationReport(
            Model: model.Configuration.Name,
            Dataset: splits.Name,
            Split: JsonNamingPolicy.KebabCaseLower.ConvertName(split.ToString()),
            Images: images.Count,
            ImportanceSamples: options.ImportanceSamples,
            LogLikelihood: logLikelihood.Mean,
            StandardError: Finite(logLikelihood.StandardError),
            MonteCarloError: Finite(
                Math.Sqrt(likelihoods.MonteCarloStandardError.Sum(error => error * error)) / images.Count),
            ParetoShape: Finite(likelihoods.ParetoShape.Order().ElementAt(images.Count / 2)),
            UnreliableImages: likelihoods.UnreliableImages,
            IsBound: model.Model.IsBound,
            Space: model.Model.Space,
            Elbo: likelihoods.Elbo.Average(),
            BitsPerDim: bits,
            BitsPerDimIsBound: bits is null
                ? null
                : model.Model.IsBound || model.Binarization == BinarizationRule.Dequantized,
            KlPerLayer: usage.KlPerLayer,
            KlIsEstimated: !model.Model.HasClosedFormKl,
            ActiveUnits: usage.ActiveUnits,
            Seed: options.Seed,
            Seconds: Stopwatch.GetElapsedTime(start).TotalSeconds);
        return new SplitEvaluation(report, likelihoods, usage, baseline, gain);
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static double? BitsPerDim(TrainedModel model, ImageSet images, double logLikelihood, long seed)
    {
        int dimensions = model.Model.Dimensions;
        return model.Binarization == BinarizationRule.Dequantized
            ? SpaceLogDeterminants.BitsPerDim(
                logLikelihood,
                SpaceLogDeterminants.Of(model.Model, images, model.Binarization, seed).Average(),
                dimensions)
            : string.Equals(model.Model.Space, "discrete", StringComparison.Ordinal)
                ? -logLikelihood / (dimensions * Math.Log(2))
                : null;
    }
}

/// <summary>What the evaluation of a model on a split says: the object that sere evaluate --json prints.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Dataset">The data set's name.</param>
/// <param name="Split">"test", "validation" or "train".</param>
/// <param name="Images">Images that were evaluated: the first ones of the split.</param>
/// <param name="ImportanceSamples">Importance samples an image, K.</param>
/// <param name="LogLikelihood">Mean of log p(x), or of its K-sample bound, in nats.</param>
/// <param name="StandardError">Standard error of that mean over the images, in nats; null for a single image.</param>
/// <param name="MonteCarloError">
/// How far that mean would move with other importance samples, as a standard deviation in nats; 0 for an exact model,
/// null with too few samples to tell.
/// </param>
/// <param name="ParetoShape">
/// Median over the images of k-hat, the Pareto shape of their weights; null where there is none.
/// </param>
/// <param name="UnreliableImages">Images whose k-hat says that their bound rests on a few importance samples.</param>
/// <param name="IsBound">Whether the log-likelihood is a lower bound.</param>
/// <param name="Space">"discrete", "data" or "logit": what a nat is counted in.</param>
/// <param name="Elbo">Mean evidence lower bound, in nats.</param>
/// <param name="BitsPerDim">
/// -log p(x) / (D log 2) of discrete data; of 8-bit images that are dequantized, the same of their levels, whatever
/// the space of the log-likelihood; else null.
/// </param>
/// <param name="BitsPerDimIsBound">
/// Whether <see cref="BitsPerDim"/> is an upper bound: of a model whose log-likelihood is one, and of dequantized
/// data. Null where there is none.
/// </param>
/// <param name="KlPerLayer">Kullback-Leibler divergence of each layer, in nats.</param>
/// <param name="KlIsEstimated">
/// Whether those divergences are one-sample estimates of log q - log p, which may be negative, and no closed forms.
/// </param>
/// <param name="ActiveUnits">Units whose posterior moves with the data.</param>
/// <param name="Seed">Seed of the binarization and of the importance samples.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record EvaluationReport(
    string Model, string Dataset, string Split, int Images, int ImportanceSamples, double LogLikelihood,
    double? StandardError, double? MonteCarloError, double? ParetoShape, int UnreliableImages, bool IsBound,
    string Space, double Elbo, double? BitsPerDim, bool? BitsPerDimIsBound, IReadOnlyList<double> KlPerLayer,
    bool KlIsEstimated, int ActiveUnits, long Seed, double Seconds);

/// <summary>A part of a data set.</summary>
public enum DataSplit
{
    /// <summary>Images that choose nothing.</summary>
    Test,

    /// <summary>Images that choose the best epoch.</summary>
    Validation,

    /// <summary>Images that were trained on.</summary>
    Train,
}
