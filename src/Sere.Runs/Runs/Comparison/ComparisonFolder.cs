using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Sere.Runs.Configuration;
using Sere.Storage;

namespace Sere.Runs.Comparison;

/// <summary>
/// The places of what a comparison leaves. Each is looked at when it is asked for: it and the folders on the way below
/// <see cref="Root"/> must be no links, or a <see cref="SereException"/> is thrown.
/// </summary>
internal sealed class ComparisonFolder(string path)
{
    private const long LargestFile = 1L << 28;

    public string Root => path;

    /// <summary>Everything that decides a figure: the rows' configurations, the evaluation, the digest of the images.</summary>
    public string Settings => LinkFreePath.Below(Root, "suite.json");

    public string Command => LinkFreePath.Below(Root, "command.txt");

    /// <summary>The table as Markdown, with how it came about.</summary>
    public string Markdown => LinkFreePath.Below(Root, "comparison.md");

    /// <summary>The table as CSV.</summary>
    public string Csv => LinkFreePath.Below(Root, "comparison.csv");

    /// <summary>The table as JSON.</summary>
    public string Json => LinkFreePath.Below(Root, "comparison.json");

    /// <summary>The log-likelihoods as a bar chart.</summary>
    public string Picture => LinkFreePath.Below(Root, "comparison.png");

    public string LearningCurves => LinkFreePath.Below(Root, "learning-curves.png");

    public string LearningCurvesOverTime => LinkFreePath.Below(Root, "learning-curves-time.png");

    public string StepTimes => LinkFreePath.Below(Root, "step-times.json");

    public RunFolder Run(string row) => new(LinkFreePath.Below(Root, "rows", row));

    /// <summary>The figures of a row; it is done once they are there.</summary>
    public string Result(string row) => LinkFreePath.Below(Root, "rows", row, "result.json");

    public string PerImage(string row) => LinkFreePath.Below(Root, "rows", row, "per-image.csv");

    /// <summary>Makes the folder for settings, or goes on in one of the same settings.</summary>
    internal void Open(JsonObject settings, string? command)
    {
        if (File.Exists(Settings))
        {
            RequireSame(settings);
            return;
        }

        try
        {
            if (Directory.Exists(Root) && Directory.EnumerateFileSystemEntries(Root).Any())
            {
                throw new UsageException(
                    $"'{Root}' holds other files and no comparison (no suite.json); name another folder with --out.");
            }

            Directory.CreateDirectory(Root);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SereException($"The folder '{Root}' cannot be made: {error.Message}", error);
        }

        // First what makes the folder a comparison's, should the process end here.
        AtomicFile.WriteAllText(Settings, settings.ToJsonString(ConfigurationSchema.Options) + "\n");
        if (command is not null)
        {
            AtomicFile.WriteAllText(Command, command + "\n");
        }
    }

    /// <summary>The command line; empty where none is kept.</summary>
    internal string ReadCommand() => RunFolder.ReadText(Command, LargestFile);

    internal static string ReadText(string path) => FileFault.Reading(path, () => OrdinaryFile.ReadAllText(path, LargestFile));

    private void RequireSame(JsonObject settings)
    {
        string? difference;
        try
        {
            var kept = JsonNode.Parse(ReadText(Settings), documentOptions: ConfigurationSchema.Reading);
            difference = ConfigurationDifference.First(kept, settings);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is what a text with half of a surrogate pair ends in.
            throw new SereException(
                $"'{Settings}' is damaged: it is no sound JSON; restore it, or name another folder with --out.", error);
        }

        if (difference is not null)
        {
            throw new UsageException(
                $"'{Settings}' is of a comparison with other settings: {difference}; give the same again, or name another "
                + "folder with --out.");
        }
    }
}

/// <summary>What a user asks of a suite beside what it says itself; null leaves the suite's own.</summary>
internal sealed record ComparisonOptions
{
    public int? Epochs { get; init; }

    /// <summary>The seed of initialization and training of every row; else that of the reference's configuration.</summary>
    public long? Seed { get; init; }

    /// <summary>K, the importance samples of each evaluated image.</summary>
    public int? ImportanceSamples { get; init; }

    public int? Limit { get; init; }
}

/// <summary>The figures of a row that is done, as result.json keeps them; those of each image stand beside it.</summary>
internal sealed record RowResult(
    string Name,
    // SHA-256 of the figures of each image.
    string Digest,
    // Numbers that training changes; of a baseline those that are fitted.
    long Parameters, IReadOnlyList<int> LatentsPerLayer, bool IsBound,
    // Means over the images, in nats.
    IReadOnlyList<double> KlPerLayer, int ActiveUnits, int Epochs, int BestEpoch, long SkippedSteps,
    // Of training and validation.
    double Seconds)
{
    private const int CurrentFormat = 1;

    public int Format { get; init; } = CurrentFormat;

    [JsonIgnore] public PerImageFigures Images { get; init; } = PerImageFigures.None;

    /// <summary>How well defects are found; null where the data set has none, or where a figure of an image is no number.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DefectDetection? Detection { get; init; }

    /// <summary>Whether a row can come to such figures; those of baselines are small, but of the same kind.</summary>
    private bool IsPossible =>
        Parameters >= 0 && ActiveUnits >= 0 && Epochs >= 0 && BestEpoch >= 0 && SkippedSteps >= 0
        && RunMetrics.IsPossibleTime(Seconds) && RunMetrics.IsPossibleFigures(KlPerLayer)
        && LatentsPerLayer.All(latents => latents >= 0) && LatentsPerLayer.Sum(latents => (long)latents) <= int.MaxValue
        && Detection is null or { Area: >= 0 and <= 1, Low: >= 0 and <= 1, High: >= 0 and <= 1 };

    /// <summary>Keeps a row: its images first, so that it is done only when all is there.</summary>
    internal void Write(ComparisonFolder folder)
    {
        Images.Write(folder.PerImage(Name));
        var kept = this with { Digest = ContentDigest.OfFile(folder.PerImage(Name)) };
        AtomicFile.WriteAllText(folder.Result(Name), JsonSerializer.Serialize(kept, RunJson.Indented) + "\n");
    }

    /// <summary>
    /// The figures of a row; null where it is not done, or where they are damaged and have to be made again.
    /// </summary>
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

/// <summary>A row of the table. Log-likelihoods are in nats per image.</summary>
internal sealed record ComparedRow(
    string Model,
    long Parameters, IReadOnlyList<int> LatentsPerLayer,
    // Median milliseconds of a training step; null for a baseline.
    double? StepMilliseconds,
    // A step over one of the reference, the median over turns; null for a baseline.
    double? RelativeStepTime,
    // Mean of the log importance weights, or log p(x) where that is exact.
    double Elbo,
    double LogLikelihood,
    // Bits for each dimension of images of whole levels that are not binary: -log p(x) / (D log 2) of a model of
    // levels, those of the pixels of a model of dequantized ones (SpaceLogDeterminants); null of other data.
    double? BitsPerDim,
    // Whether the bits are an upper bound: of a bound, or of dequantized images. Null without bits.
    bool? BitsPerDimIsBound,
    // Standard error of that mean over the images; null for one image.
    double? StandardError,
    bool IsBound,
    // Mean over the images of the log-likelihood less the reference's; null where the reference failed.
    double? Difference,
    // Standard error of that mean of paired differences; null where it is not known.
    double? DifferenceStandardError,
    // Kullback-Leibler divergence of each layer, mean over the images, in nats.
    IReadOnlyList<double> KlPerLayer,
    // Units whose posterior moves with the data.
    int ActiveUnits,
    // The epoch whose weights were evaluated.
    int BestEpoch,
    long SkippedSteps,
    // Seconds of training and validation, on a machine that may have had other work.
    double TrainingSeconds)
{
    /// <summary>How well the row finds defects; null where the data set has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DefectDetection? Detection { get; init; }
}

/// <summary>A row that could not be trained or evaluated.</summary>
internal sealed record FailedRow(string Model, string Reason);

/// <summary>What a row says of each test image, in nats, in the order of the images.</summary>
internal sealed record PerImageFigures(IReadOnlyList<double> LogLikelihood, IReadOnlyList<double> Elbo)
{
    private const string Header = "image,log_likelihood,elbo";

    internal static PerImageFigures None { get; } = new([], []);

    /// <summary>Writes a line for each image, with every digit, so that differences can be computed from the file.</summary>
    internal void Write(string path)
    {
        var lines = LogLikelihood.Zip(Elbo).Select((image, i) => string.Create(
            CultureInfo.InvariantCulture, $"{i},{image.First:R},{image.Second:R}\n"));
        AtomicFile.WriteAllText(path, $"{Header}\n{string.Concat(lines)}");
    }

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
