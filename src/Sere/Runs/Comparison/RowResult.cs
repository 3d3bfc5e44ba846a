using System.Text.Json;
using System.Text.Json.Serialization;
using Sere.Storage;

namespace Sere.Runs.Comparison;

/// <summary>The figures of a row that is done, as result.json keeps them; those of each image stand beside it.</summary>
public sealed record RowResult
{
    private const int CurrentFormat = 1;

    /// <summary>Version of this format.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>The row.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the figures of each image.</summary>
    public required string Digest { get; init; }

    /// <summary>Numbers that training changes; of a baseline those that are fitted.</summary>
    public required long Parameters { get; init; }

    /// <summary>Latent variables of each layer; empty without latents.</summary>
    public required IReadOnlyList<int> LatentsPerLayer { get; init; }

    /// <summary>Whether the log-likelihood is a lower bound.</summary>
    public required bool IsBound { get; init; }

    /// <summary>Kullback-Leibler divergence of each layer, mean over the images, in nats.</summary>
    public required IReadOnlyList<double> KlPerLayer { get; init; }

    /// <summary>Units whose posterior moves with the data.</summary>
    public required int ActiveUnits { get; init; }

    /// <summary>Epochs that were trained.</summary>
    public required int Epochs { get; init; }

    /// <summary>The epoch whose weights were evaluated.</summary>
    public required int BestEpoch { get; init; }

    /// <summary>Training steps that were skipped because they were not finite.</summary>
    public required long SkippedSteps { get; init; }

    /// <summary>Seconds of training and validation.</summary>
    public required double Seconds { get; init; }

    /// <summary>Each image, in the order of the test images.</summary>
    [JsonIgnore]
    public PerImageFigures Images { get; init; } = PerImageFigures.None;

    /// <summary>Whether a row can come to such figures; those of baselines are small, but of the same kind.</summary>
    private bool IsPossible =>
        Parameters >= 0 && ActiveUnits >= 0 && Epochs >= 0 && BestEpoch >= 0 && SkippedSteps >= 0
        && RunMetrics.IsPossibleTime(Seconds) && RunMetrics.IsPossibleFigures(KlPerLayer)
        && LatentsPerLayer.All(latents => latents >= 0) && LatentsPerLayer.Sum(latents => (long)latents) <= int.MaxValue;

    /// <summary>Keeps a row: its images first, so that it is done only when all is there.</summary>
    /// <exception cref="SereException">A file cannot be written.</exception>
    internal void Write(ComparisonFolder folder)
    {
        Images.Write(folder.PerImage(Name));
        var kept = this with { Digest = ContentDigest.OfFile(folder.PerImage(Name)) };
        AtomicFile.WriteAllText(folder.Result(Name), JsonSerializer.Serialize(kept, RunJson.Indented) + "\n");
    }

    /// <summary>The figures of a row; null where it is not done, or where they are damaged and have to be made again.</summary>
    /// <param name="folder">The comparison.</param>
    /// <param name="row">The row.</param>
    /// <param name="warn">Told of damage.</param>
    internal static RowResult? Read(ComparisonFolder folder, string row, Action<string> warn)
    {
        string path = folder.Result(row);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var kept = JsonSerializer.Deserialize<RowResult>(ComparisonFolder.ReadText(path), RunJson.Line);
            bool isSound = kept?.Format == CurrentFormat
                && string.Equals(kept.Name, row, StringComparison.Ordinal)
                && string.Equals(kept.Digest, ContentDigest.OfFile(folder.PerImage(row)), StringComparison.Ordinal);
            return isSound && kept!.IsPossible
                ? kept with { Images = PerImageFigures.Read(folder.PerImage(row)) }
                : throw new SereException($"'{path}' does not fit '{folder.PerImage(row)}'.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or SereException)
        {
            // The parser's own sentence may hold what it found in the file, control characters too.
            string reason = error is SereException ? error.Message : $"'{path}' is not sound JSON.";
            warn($"The figures of the row '{row}' are damaged, so it is evaluated again: {reason}");
            return null;
        }
    }
}
