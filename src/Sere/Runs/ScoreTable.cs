using System.Globalization;
using Sere.Data;
using Sere.Evaluation;
using Sere.Storage;

namespace Sere.Runs;

/// <summary>Writes the scores of images as CSV: a header, then a line for each image in their order.</summary>
public static class ScoreTable
{
    private const string Header =
        "image,log_likelihood,monte_carlo_standard_error,pareto_shape,effective_sample_size,elbo,binarization";

    /// <summary>
    /// Writes the file name or index of each image, the bound on its log-likelihood in nats, the bound's Monte-Carlo
    /// standard error, the Pareto shape of its weights, its effective sample size, the ELBO in nats, and the binarization
    /// rule that was used.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="names">File names, or null to write indices.</param>
    /// <param name="likelihoods">The scores.</param>
    /// <param name="binarization">The rule.</param>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(
        string path, IReadOnlyList<string>? names, ImageLikelihoods likelihoods, BinarizationRule binarization) =>
        Write(path, names, likelihoods, binarization, "", _ => "");

    /// <summary>As above, and the percentile of each image among held-out ones.</summary>
    /// <param name="path">The file.</param>
    /// <param name="names">File names, or null to write indices.</param>
    /// <param name="likelihoods">The scores.</param>
    /// <param name="binarization">The rule.</param>
    /// <param name="heldOut">
    /// Scores of held-out images; null leaves the percentile empty, and so does a score that is not a number.
    /// </param>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void WriteWithPercentiles(
        string path,
        IReadOnlyList<string>? names,
        ImageLikelihoods likelihoods,
        BinarizationRule binarization,
        HeldOutScores? heldOut) =>
        Write(path, names, likelihoods, binarization, ",percentile", score => heldOut is null || double.IsNaN(score)
            ? ","
            : string.Create(CultureInfo.InvariantCulture, $",{heldOut.Percentile(score):F2}"));

    private static void Write(
        string path,
        IReadOnlyList<string>? names,
        ImageLikelihoods likelihoods,
        BinarizationRule binarization,
        string moreHeader,
        Func<double, string> more)
    {
        ArgumentNullException.ThrowIfNull(likelihoods);
        string rule = binarization.ToString().ToLowerInvariant();
        var lines = Enumerable.Range(0, likelihoods.LogLikelihood.Length).Select(image => string.Create(
            CultureInfo.InvariantCulture,
            $"{Quote(names?[image] ?? $"{image}")},{likelihoods.LogLikelihood[image]:F4},"
            + $"{likelihoods.MonteCarloStandardError[image]:F4},{likelihoods.ParetoShape[image]:F2},"
            + $"{likelihoods.EffectiveSampleSize[image]:F2},{likelihoods.Elbo[image]:F4},{rule}{more(likelihoods.LogLikelihood[image])}\n"));
        AtomicFile.WriteAllText(path, $"{Header}{moreHeader}\n{string.Concat(lines)}");
    }

    private static string Quote(string name) => name.AsSpan().IndexOfAny(",\"\r\n") < 0
        ? name
        : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
