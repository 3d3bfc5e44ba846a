using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Sere.Data;
using Sere.Evaluation;

namespace Sere.Runs;

/// <summary>All that was found of some images: a table of them, and how well its columns tell images apart.</summary>
internal sealed record ScoredImages(
    IReadOnlyList<string> Names, ImageLikelihoods Likelihoods, IReadOnlyList<ImageVerdict>? Verdicts)
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;
    private IReadOnlyList<ColumnQuality>? _qualities;

    /// <summary>How values became data, as the table says it.</summary>
    public required BinarizationRule Binarization { get; init; }

    /// <summary>Places of log-likelihoods among held-out images; null where these are not known.</summary>
    public required HeldOutScores? HeldOut { get; init; }

    /// <summary>The threshold of the verdicts; null without them.</summary>
    public required FalsePositiveThreshold? Threshold { get; init; }

    /// <summary>Which images are normal, where that is known.</summary>
    public bool[]? IsNormal { get; init; }

    /// <summary>How many images are flagged.</summary>
    public int Flagged => Verdicts?.Count(verdict => verdict.IsFlagged) ?? 0;

    /// <summary>The verdict in a sentence.</summary>
    public string? Sentence => Verdicts is null || Threshold is null
        ? null
        : string.Create(
            Invariant,
            $"Flagged: {Flagged} of {Names.Count} images, with a novelty above {Threshold.Value:G4} ({Threshold.Low:G4} to "
            + $"{Threshold.High:G4}), as {100 * Threshold.Rate:G3} in a hundred normal images have.");

    /// <summary>A header, then a line for each image in their order.</summary>
    public string ToCsv()
    {
        string rule = Binarization.ToString().ToLowerInvariant();
        var text = new StringBuilder(ScoreTable.Header).Append(",percentile");
        if (Verdicts is { Count: > 0 } verdicts)
        {
            text.Append(",novelty,novelty_percentile,flagged,").AppendJoin(',', verdicts[0].Figures.Keys);
        }

        text.Append('\n');
        for (int image = 0; image < Names.Count; image++)
        {
            double score = Likelihoods.LogLikelihood[image];
            text.Append(ScoreTable.Line(Names[image], Likelihoods, image, rule)).Append(',');
            if (HeldOut is not null && !double.IsNaN(score))
            {
                text.Append(Invariant, $"{HeldOut.Percentile(score):F2}");
            }

            if (Verdicts?[image] is { } verdict)
            {
                text.Append(Invariant, $",{verdict.Novelty:F4},{verdict.Percentile:F2},{(verdict.IsFlagged ? 1 : 0)}");
                foreach (double value in verdict.Figures.Values)
                {
                    text.Append(Invariant, $",{value:G7}");
                }
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The same as one object, for scripts.</summary>
    public JsonObject ToJson()
    {
        var images = new JsonArray();
        for (int image = 0; image < Names.Count; image++)
        {
            double score = Likelihoods.LogLikelihood[image];
            var one = new JsonObject
            {
                ["image"] = Names[image],
                ["logLikelihood"] = Number(score),
                ["percentile"] = HeldOut is null ? null : Number(HeldOut.Percentile(score)),
            };
            if (Verdicts?[image] is { } verdict)
            {
                one["novelty"] = Number(verdict.Novelty);
                one["noveltyPercentile"] = Number(verdict.Percentile);
                one["flagged"] = verdict.IsFlagged;
                one["figures"] = new JsonObject(
                    verdict.Figures.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, Number(pair.Value))));
            }

            images.Add(one);
        }

        var json = new JsonObject { ["images"] = images };
        if (Threshold is not null)
        {
            json["flagged"] = Flagged;
            json["falsePositiveRate"] = Threshold.Rate;
            json["threshold"] = Number(Threshold.Value);
            json["thresholdInterval"] = new JsonArray(Number(Threshold.Low), Number(Threshold.High));
        }

        if (IsNormal is not null)
        {
            json["columns"] = new JsonArray([.. Qualities.Select(quality => new JsonObject
            {
                ["column"] = quality.Column,
                ["area"] = quality.Area,
                ["areaInterval"] = new JsonArray(quality.AreaLow, quality.AreaHigh),
                ["averagePrecision"] = quality.AveragePrecision,
                ["averagePrecisionInterval"] = new JsonArray(quality.PrecisionLow, quality.PrecisionHigh),
            })]);
        }

        return json;
    }

    /// <summary>How well each column tells the images apart, novelty first; none without labels.</summary>
    public IReadOnlyList<ColumnQuality> Qualities => _qualities ??= Measure();

    private IReadOnlyList<ColumnQuality> Measure()
    {
        if (IsNormal is null)
        {
            return [];
        }

        var columns = new List<(string Name, double[] Values)>();
        if (Verdicts is { Count: > 0 } verdicts)
        {
            columns.Add(("novelty", [.. verdicts.Select(verdict => verdict.Novelty)]));
        }

        columns.Add(("-log_likelihood", Array.ConvertAll(Likelihoods.LogLikelihood, value => -value)));
        foreach (string name in Verdicts is { Count: > 0 } ? Verdicts[0].Figures.Keys : (IEnumerable<string>)[])
        {
            // A bound is low where an image is strange; all other figures are high.
            int sign = name.StartsWith("elbo", StringComparison.Ordinal) ? -1 : 1;
            columns.Add((sign < 0 ? $"-{name}" : name, [.. Verdicts!.Select(verdict => sign * verdict.Figures[name])]));
        }

        return [.. columns.Select(column => ColumnQuality.Of(column.Name, column.Values, IsNormal)).OfType<ColumnQuality>()];
    }

    private static JsonValue? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
