using System.Globalization;
using System.Text.Json;
using Sere.Data;
using Sere.Evaluation;
using Sere.Storage;

namespace Sere.Runs;

/// <summary>
/// Log-likelihoods of images like the training images that the model was not trained on: the scale that tells whether a
/// score is low. Bounds rise with the number of importance samples, so only scores of the same number are compared.
/// </summary>
internal sealed record HeldOutScores
{
    public const int MostImages = 1000;

    /// <summary>With fewer held-out images than this, what is measured on them is coarse and worth a warning.</summary>
    public const int FewImages = 100;

    private const int CurrentFormat = 2;
    private const long LargestFile = 1L << 20;

    public int Format { get; init; } = CurrentFormat;

    public required string Weights { get; init; }

    /// <summary>Digest of the run's configuration; null where an older version measured.</summary>
    public string? Configuration { get; init; }

    public required int ImportanceSamples { get; init; }

    public required long Seed { get; init; }

    /// <summary>The scores in nats, in the order of the validation images.</summary>
    public required IReadOnlyList<double> LogLikelihood { get; init; }

    /// <summary>Scores the first validation images of a run.</summary>
    public static HeldOutScores Measure(
        TrainedModel model,
        ImageSet validation,
        EvaluationOptions options,
        Action<int, int>? onImages = null,
        CancellationToken cancellation = default)
    {
        var images = validation.Slice(0, Math.Min(MostImages, validation.Count));
        return new HeldOutScores
        {
            Weights = model.WeightsDigest(),
            Configuration = model.ConfigurationDigest,
            ImportanceSamples = options.ImportanceSamples,
            Seed = options.Seed,
            LogLikelihood = model.Score(
                images, options, done => onImages?.Invoke(done, images.Count), cancellation).LogLikelihood,
        };
    }

    /// <summary>The scores that a run keeps for these weights, samples and seed; null where there are none.</summary>
    public static HeldOutScores? Find(RunFolder folder, TrainedModel model, EvaluationOptions options)
    {
        var kept = RunJson.TryRead<HeldOutScores>(folder.HeldOutScores(options.ImportanceSamples), LargestFile);
        return kept is { Format: CurrentFormat, LogLikelihood.Count: > 0 }
            && kept.Seed == options.Seed
            && kept.ImportanceSamples == options.ImportanceSamples
            && string.Equals(kept.Weights, model.WeightsDigest(), StringComparison.Ordinal)
            && (kept.Configuration is null || string.Equals(
                kept.Configuration, model.ConfigurationDigest, StringComparison.Ordinal))
            ? kept
            : null;
    }

    public void Write(RunFolder folder)
    {
        AtomicFile.WriteAllText(
            folder.HeldOutScores(ImportanceSamples), JsonSerializer.Serialize(this, RunJson.Indented) + "\n", folder.Files);
    }

    /// <summary>
    /// How many of a hundred held-out images score lower, where ties count half: 0 is lower than all, 50 is in the middle.
    /// </summary>
    /// <param name="logLikelihood">A score in nats, of the same weights and as many importance samples.</param>
    public double Percentile(double logLikelihood)
    {
        int lower = LogLikelihood.Count(value => value < logLikelihood);
        int equal = LogLikelihood.Count(value => value == logLikelihood);
        return 100 * (lower + (0.5 * equal)) / LogLikelihood.Count;
    }
}

/// <summary>Writes the scores of images as CSV: a header, then a line for each image in their order.</summary>
internal static class ScoreTable
{
    /// <summary>The columns of a line.</summary>
    public const string Header =
        "image,log_likelihood,monte_carlo_standard_error,pareto_shape,effective_sample_size,elbo,binarization";

    /// <summary>
    /// The file name or index of an image, the bound on its log-likelihood in nats, the bound's Monte-Carlo standard error,
    /// the Pareto shape of its weights, its effective sample size, the ELBO in nats, and the binarization rule that was used.
    /// </summary>
    public static string Line(string name, ImageLikelihoods likelihoods, int image, string rule) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Quote(name)},{likelihoods.LogLikelihood[image]:F4},{likelihoods.MonteCarloStandardError[image]:F4},"
        + $"{likelihoods.ParetoShape[image]:F2},{likelihoods.EffectiveSampleSize[image]:F2},{likelihoods.Elbo[image]:F4},{rule}");

    /// <summary>Writes the lines of images that have no names.</summary>
    public static void Write(string path, ImageLikelihoods likelihoods, BinarizationRule binarization)
    {
        string rule = binarization.ToString().ToLowerInvariant();
        var lines = Enumerable.Range(0, likelihoods.LogLikelihood.Length)
            .Select(image => Line($"{image}", likelihoods, image, rule) + "\n");
        AtomicFile.WriteAllText(path, $"{Header}\n{string.Concat(lines)}");
    }

    private static string Quote(string name) => name.AsSpan().IndexOfAny(",\"\r\n") < 0
        ? name
        : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
