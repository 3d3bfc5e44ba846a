using System.Globalization;
using Sere.Storage;

namespace Sere.Runs.Comparison;

/// <summary>What a row says of each test image, in nats, in the order of the images.</summary>
/// <param name="LogLikelihood">The K-sample bound on log p(x), or log p(x) itself.</param>
/// <param name="Elbo">The mean of the log importance weights.</param>
public sealed record PerImageFigures(IReadOnlyList<double> LogLikelihood, IReadOnlyList<double> Elbo)
{
    private const string Header = "image,log_likelihood,elbo";

    /// <summary>No images.</summary>
    internal static PerImageFigures None { get; } = new([], []);

    /// <summary>Writes a line for each image, with every digit, so that differences can be computed from the file.</summary>
    internal void Write(string path)
    {
        var lines = LogLikelihood.Zip(Elbo).Select((image, i) => string.Create(
            CultureInfo.InvariantCulture, $"{i},{image.First:R},{image.Second:R}\n"));
        AtomicFile.WriteAllText(path, $"{Header}\n{string.Concat(lines)}");
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="SereException">It is damaged or cannot be read.</exception>
    internal static PerImageFigures Read(string path)
    {
        string[] lines = ComparisonFolder.ReadText(path).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var logLikelihood = new List<double>(lines.Length);
        var elbo = new List<double>(lines.Length);
        foreach (string line in lines.Skip(1))
        {
            if (line.Split(',') is not [_, var first, var second]
                || !double.TryParse(first, NumberStyles.Float, CultureInfo.InvariantCulture, out double bound)
                || !double.TryParse(second, NumberStyles.Float, CultureInfo.InvariantCulture, out double mean)
                || !RunMetrics.IsPossibleFigures([bound, mean]))
            {
                throw new SereException($"'{path}' is damaged in the line of image {logLikelihood.Count}.");
            }

            logLikelihood.Add(bound);
            elbo.Add(mean);
        }

        return logLikelihood.Count > 0
            ? new PerImageFigures(logLikelihood, elbo)
            : throw new SereException($"'{path}' holds no images.");
    }
}
