using System.Text.Json;
using System.Text.Json.Serialization;
using Sere.Storage;
using Sere.Training;

namespace Sere.Runs;

/// <summary>A line of metrics.jsonl: one epoch, in nats per image.</summary>
public sealed record RunMetrics
{
    /// <summary>Steps since the start of the run.</summary>
    public required long Step { get; init; }

    /// <summary>The epoch, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Weight of the divergence in the last step.</summary>
    public required double Beta { get; init; }

    /// <summary>Learning rate of the last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Evidence lower bound on the training batches, while they were trained on.</summary>
    public required double Elbo { get; init; }

    /// <summary>log p(x | z) on the training batches.</summary>
    public required double LogLikelihoodTerm { get; init; }

    /// <summary>Divergence of each layer on the training batches.</summary>
    public required IReadOnlyList<double> KlPerLayer { get; init; }

    /// <summary>Mean norm of the gradient before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Steps skipped in this epoch.</summary>
    public required int SkippedSteps { get; init; }

    /// <summary>Training images a second.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Evidence lower bound on the validation images; where the run trains on it, it chooses the best checkpoint.</summary>
    public required double ValidationElbo { get; init; }

    /// <summary>The K-sample bound on the training batches; null where the run trains on the ELBO.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ImportanceWeightedBound { get; init; }

    /// <summary>
    /// The K-sample bound on the validation images, which then chooses the best checkpoint; null where the run trains on
    /// the ELBO.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ValidationImportanceWeightedBound { get; init; }

    [JsonIgnore]
    internal double ValidationBound => ValidationImportanceWeightedBound ?? ValidationElbo;

    /// <summary>Seconds since the start of the run, without the time it stood still.</summary>
    public required double Seconds { get; init; }

    /// <summary>
    /// Whether a run can come to such figures. They may be no numbers, or infinite, as of an epoch that diverged; what no
    /// sum of float32 reaches cannot be drawn either.
    /// </summary>
    internal bool IsPossible =>
        Step >= 0 && Epoch >= 0 && SkippedSteps >= 0 && IsPossibleTime(Seconds)
        && IsPossibleFigures([
            Beta, LearningRate, Elbo, LogLikelihoodTerm, GradientNorm, ImagesPerSecond, ValidationElbo,
            ImportanceWeightedBound ?? 0, ValidationImportanceWeightedBound ?? 0, .. KlPerLayer,
        ]);

    /// <summary>Whether so many seconds may have passed: less than three thousand years, which a time span can hold.</summary>
    internal static bool IsPossibleTime(double seconds) => seconds is >= 0 and < 1e11;

    /// <summary>Whether figures are such as come out of sums of float32.</summary>
    internal static bool IsPossibleFigures(IEnumerable<double> figures) =>
        figures.All(figure => !double.IsFinite(figure) || Math.Abs(figure) < 1e60);

    internal static RunMetrics Of(EpochMetrics epoch, double validationElbo, double? validationBound, double seconds) =>
        new()
        {
            Step = epoch.Step,
            Epoch = epoch.Epoch,
            Beta = epoch.Beta,
            LearningRate = epoch.LearningRate,
            Elbo = epoch.Elbo,
            LogLikelihoodTerm = epoch.LogLikelihoodTerm,
            KlPerLayer = epoch.KlPerLayer,
            GradientNorm = epoch.GradientNorm,
            SkippedSteps = epoch.SkippedSteps,
            ImagesPerSecond = epoch.ImagesPerSecond,
            ValidationElbo = validationElbo,
            ImportanceWeightedBound = epoch.ImportanceWeightedBound,
            ValidationImportanceWeightedBound = validationBound,
            Seconds = seconds,
        };
}

/// <summary>Reads and writes metrics.jsonl.</summary>
internal static class MetricsLog
{
    /// <summary>The largest file that is read, in bytes.</summary>
    private const long LargestFile = 1L << 28;

    /// <summary>The epochs of a file, in order; none if there is no file with content.</summary>
    public static IReadOnlyList<RunMetrics> Read(string path, Action<string>? warn = null)
    {
        if (!OrdinaryFile.HasContent(path))
        {
            return [];
        }

        var epochs = new List<RunMetrics>();
        int number = 0;
        try
        {
            foreach (string line in OrdinaryFile.ReadLines(path, LargestFile))
            {
                number++;
                if (line.Length > 0)
                {
                    epochs.Add(JsonSerializer.Deserialize<RunMetrics>(line, RunJson.Line) is { IsPossible: true } epoch
                        ? epoch
                        : throw new JsonException("A line is null, or of figures that no run has."));
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is what a text with half of a surrogate pair ends in.
            string what = $"'{path}' cannot be read as metrics because line {number} is not the sound JSON of an epoch";
            if (warn is null)
            {
                throw new SereException($"{what}; restore the file, or remove it to go on without it.", error);
            }

            warn($"{what}; the {epochs.Count} epochs before it are kept.");
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Reading(path, error);
        }

        return epochs;
    }

    /// <summary>Writes all epochs, whole or not at all.</summary>
    public static void Write(string path, IEnumerable<RunMetrics> epochs, IFileSystem? files = null) =>
        AtomicFile.WriteAllText(
            path, string.Concat(epochs.Select(epoch => JsonSerializer.Serialize(epoch, RunJson.Line) + "\n")), files);
}
