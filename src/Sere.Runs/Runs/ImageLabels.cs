using System.Text.RegularExpressions;
using Sere.Data;
using Sere.Evaluation;
using Sere.Storage;

namespace Sere.Runs;

/// <summary>Which of some images are normal, by the subfolders that they lie in or by a table.</summary>
internal static partial class ImageLabels
{
    private const long LargestTable = 1L << 26;
    private static readonly string[] NormalLabels = ["ok", "good", "normal", "pass", "0"];

    /// <summary>
    /// By the subfolder in front of each name: ok, good, normal, pass and 0 are normal, others are not. Null where names have
    /// none, or where the images are all of one kind.
    /// </summary>
    public static bool[]? OfFolders(ImageSet images) => images.Names is { } names ? OfNames(names) : null;

    /// <summary>As <see cref="OfFolders"/>, of names alone.</summary>
    public static bool[]? OfNames(IReadOnlyList<string> names) =>
        names.All(name => name.Contains('/', StringComparison.Ordinal))
            && names.Select(name => IsNormal(name[..name.IndexOf('/', StringComparison.Ordinal)])).ToArray() is var labels
            && labels.Contains(true) && labels.Contains(false)
            ? labels
            : null;

    /// <summary>By the lines IMAGE,LABEL of a CSV file, in any order.</summary>
    /// <exception cref="SereException">It cannot be read, or says nothing of an image.</exception>
    public static bool[] OfTable(string path, ImageSet images)
    {
        var labels = new Dictionary<string, bool>(StringComparer.Ordinal);
        string text = FileFault.Reading(path, () => OrdinaryFile.ReadAllText(path, LargestTable));
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            // The name may be quoted, as --out writes it.
            var match = Line().Match(line);
            if (!match.Success)
            {
                throw new SereException($"The line '{Choice.Short(line)}' of '{path}' is not IMAGE,LABEL; give each image its label.");
            }

            string name = match.Groups["quoted"].Success
                ? match.Groups["quoted"].Value.Replace("\"\"", "\"", StringComparison.Ordinal)
                : match.Groups["plain"].Value.Trim();
            labels[name] = IsNormal(match.Groups["label"].Value.Trim());
        }

        var names = images.Names ?? [.. Enumerable.Range(0, images.Count).Select(image => $"{image}")];
        bool[] found =
        [
            .. names.Select(name => labels.TryGetValue(name, out bool isNormal) ? isNormal : throw new SereException(
                $"'{path}' gives '{name}' no label; give every image one: ok, good, normal, pass or 0 for normal ones, anything "
                + "else for others.")),
        ];
        return found.Contains(true) && found.Contains(false) ? found : throw new SereException(
            $"'{path}' calls all images {(found.Contains(true) ? "normal" : "not normal")}, so that there is nothing to tell apart.");
    }

    [GeneratedRegex(
        "^(\"(?<quoted>([^\"]|\"\")*)\"|(?<plain>[^\"]*)),\\s*\"?(?<label>[^,\"]*)\"?$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Line();

    private static bool IsNormal(string label) => NormalLabels.Contains(label, StringComparer.OrdinalIgnoreCase);
}

/// <summary>How well one column of scores tells images that are not normal from normal ones.</summary>
/// <param name="Column">The column; "-" in front of one that is low for strange images.</param>
/// <param name="Area">Area under the ROC curve.</param>
/// <param name="AreaLow">Lower end of its bootstrap interval of 95 %.</param>
/// <param name="AreaHigh">Upper end.</param>
/// <param name="AveragePrecision">Average precision.</param>
/// <param name="PrecisionLow">Lower end of its interval.</param>
/// <param name="PrecisionHigh">Upper end.</param>
internal sealed record ColumnQuality(
    string Column, double Area, double AreaLow, double AreaHigh, double AveragePrecision, double PrecisionLow, double PrecisionHigh)
{
    /// <summary>Of one column; null where a value is no number.</summary>
    public static ColumnQuality? Of(string column, IReadOnlyList<double> values, bool[] isNormal)
    {
        if (values.Any(double.IsNaN))
        {
            return null;
        }

        double[] strange = [.. values.Where((_, image) => !isNormal[image])];
        double[] normal = [.. values.Where((_, image) => isNormal[image])];
        var (areaLow, areaHigh) = ReceiverOperatingCharacteristic.Interval(
            strange, normal, ReceiverOperatingCharacteristic.Area);
        var (precisionLow, precisionHigh) = ReceiverOperatingCharacteristic.Interval(
            strange, normal, ReceiverOperatingCharacteristic.AveragePrecision);
        return new ColumnQuality(
            column,
            ReceiverOperatingCharacteristic.Area(strange, normal),
            areaLow,
            areaHigh,
            ReceiverOperatingCharacteristic.AveragePrecision(strange, normal),
            precisionLow,
            precisionHigh);
    }
}
