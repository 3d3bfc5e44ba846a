using Sere.Numerics;
using Sere.Runs.Configuration;

namespace Sere.Runs.Comparison;

/// <summary>
/// Which models are compared, and how: every row is trained for as many epochs, on the same batches of the same binary
/// images, and evaluated with the same importance samples on the same binary test images.
/// </summary>
internal sealed record Suite : Choice
{
    /// <summary>A short name for reports; one to 100 characters.</summary>
    public string Name { get; init; } = "";

    /// <summary>A sentence or two for readers; may be empty.</summary>
    [In("[0, 10000]")] public string Description { get; init; } = "";

    /// <summary>The name of the row that the others are compared with. It trains a model, and its data are the suite's.</summary>
    public string Reference { get; init; } = "";

    /// <summary>How often every training image is seen, at least 1; null for as often as the reference's configuration says.</summary>
    [In(Count)] public int? Epochs { get; init; }

    /// <summary>The images of a training step, at least 1; null for as many as the reference's configuration says.</summary>
    [In(Count)] public int? BatchSize { get; init; }

    /// <summary>How every row is evaluated.</summary>
    public SuiteEvaluation Evaluation { get; init; } = new();

    /// <summary>Changes to every configuration, "path=value"; they come before those of the row.</summary>
    public IReadOnlyList<string> Overrides { get; init; } = [];

    /// <summary>The rows of the table, in its order; one to 100.</summary>
    public IReadOnlyList<SuiteRow> Rows { get; init; } = [];

    internal override void CheckTogether(string path)
    {
        RequireFolderName("name", Name);
        Require(Rows.Count is >= 1 and <= 100, "rows", $"a list of {Rows.Count}", "a list of 1 to 100 rows");
        for (int i = 0; i < Rows.Count; i++)
        {
            string name = Rows[i].Name;

            // Rows are folders, and some file systems do not tell upper from lower case.
            Require(
                Rows.Take(i).All(row => !row.Name.Equals(name, StringComparison.OrdinalIgnoreCase)),
                $"rows[{i}].name",
                name,
                "another name than those of the rows before it");
        }

        string[] models = [.. Rows.Where(row => row.Baseline is null).Select(row => row.Name)];
        if (!models.Contains(Reference, StringComparer.Ordinal))
        {
            throw ConfigurationSchema.Unknown(
                $"reference is \"{Short(Reference)}\", which is no row that trains a model",
                Reference,
                models);
        }
    }
}

/// <summary>The suites that come with the library, and those in files.</summary>
internal static class Suites
{
    private const string Extension = ".json";
    private static readonly EmbeddedFiles Files = new("suites/");

    /// <summary>The names of all embedded suites, in alphabetical order.</summary>
    public static IReadOnlyList<string> Names => Files.Names;

    /// <summary>Reads a suite.</summary>
    public static (Suite Suite, string? Folder) Load(string nameOrFile)
    {
        if (Names.Contains(nameOrFile, StringComparer.Ordinal))
        {
            var (text, source) = Files.Read(nameOrFile);
            return (Parse(text, source), null);
        }

        bool isFile = nameOrFile.EndsWith(Extension, StringComparison.OrdinalIgnoreCase)
            || nameOrFile.Contains('/', StringComparison.Ordinal)
            || nameOrFile.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal)
            || File.Exists(nameOrFile);
        if (!isFile)
        {
            string advice = NearestName.Find(nameOrFile, Names) is { } nearest ? $" (did you mean \"{nearest}\"?)" : "";
            string known = string.Join(", ", Names.Select(name => $"\"{name}\""));
            throw new UsageException(
                $"There is no suite \"{Choice.Short(nameOrFile)}\"{advice}; the suites are {known}, or name a "
                + "JSON file.");
        }

        var suite = ConfigurationFile.Load<Suite>(nameOrFile, "suite file");
        return (suite, Path.GetDirectoryName(Path.GetFullPath(nameOrFile)));
    }

    /// <summary>Reads a suite from JSON; comments and trailing commas are allowed.</summary>
    public static Suite Parse(string json, string source) =>
        ConfigurationFile.Parse<Suite>(json, source);
}

/// <summary>What a row may be instead of a model that is trained by steps.</summary>
internal enum SuiteBaseline
{
    /// <summary>
    /// Independent binary pixels with the means of the training images: what every model must beat; JSON
    /// "independent-pixels".
    /// </summary>
    IndependentPixels,

    /// <summary>
    /// One normal distribution of dequantized images in logit space, with the covariance of the training images: what every
    /// density must beat; JSON "full-gaussian".
    /// </summary>
    FullGaussian,

    /// <summary>
    /// A mixture of discretized logistics for each channel, the same for every pixel: what every model of grey or colour
    /// images must beat; JSON "channel-logistic-mixture".
    /// </summary>
    ChannelLogisticMixture,

    /// <summary>
    /// Twenty probabilistic principal components of the training images, in closed form; where there are images with defects,
    /// the largest mean of 3 x 3 squared residuals finds them; JSON "pca".
    /// </summary>
    Pca,
}

/// <summary>How the rows of a suite are evaluated.</summary>
internal sealed record SuiteEvaluation : Choice
{
    /// <summary>K, the importance samples of each image.</summary>
    [In("[1, 1000000]")] public int ImportanceSamples { get; init; } = 1000;

    /// <summary>How many test images are evaluated, from the first; null for all.</summary>
    [In(Count)] public int? Limit { get; init; }
}

/// <summary>A row of a suite: a preset, a configuration file or a baseline.</summary>
internal sealed record SuiteRow : Choice
{
    /// <summary>The name in the table and of the folder; one to 100 letters, digits, '-', '_' and '.'.</summary>
    public string Name { get; init; } = "";

    /// <summary>A preset to train; see <see cref="Presets"/>.</summary>
    public string? Preset { get; init; }

    /// <summary>A configuration file to train, by its path from the suite's own file.</summary>
    public string? Config { get; init; }

    /// <summary>A model that is not trained by steps.</summary>
    public SuiteBaseline? Baseline { get; init; }

    /// <summary>Changes to the preset or file, "path=value"; see <see cref="ConfigurationOverrides"/>.</summary>
    public IReadOnlyList<string> Overrides { get; init; } = [];

    internal override void CheckTogether(string path)
    {
        RequireFolderName($"{path}.name", Name);
        bool[] given = [Preset is not null, Config is not null, Baseline is not null];
        if (given.Count(one => one) != 1)
        {
            throw new UsageException(
                $"{path} (\"{Name}\") needs one of \"preset\", \"config\" and \"baseline\", and has "
                + $"{given.Count(one => one)} of them.");
        }

        Require(
            Baseline is null || Overrides.Count == 0,
            $"{path}.overrides",
            $"a list of {Overrides.Count}",
            "empty for a baseline");
    }
}
