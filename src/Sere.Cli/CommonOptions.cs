using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Sere.Runs;

namespace Sere.Cli;

/// <summary>Options and arguments that several commands share.</summary>
internal static class CommonOptions
{
    public static Argument<string> Run() => new("RUN")
    {
        Description = "The folder of a run, as sere train made it.",
    };

    public static Option<string?> DataFolder() => new("--data-dir")
    {
        Description = "Folder of the data sets (mnist/ and others); else SERE_DATA, else the user's cache folder.",
        HelpName = "DIR",
    };

    public static Option<string?> Dataset() => new("--dataset")
    {
        Description = "Where the images that the run was trained on are now, if they have moved: images:DIR or npy:FILE.",
        HelpName = "NAME",
    };

    public static Option<CheckpointChoice> Checkpoint() => Choice(
        "--checkpoint", "Weights with the best validation ELBO, or the last ones.", CheckpointChoice.Best);

    /// <summary>An option that takes the names of an enumeration, in lower case, and not its numbers.</summary>
    public static Option<T> Choice<T>(string name, string description, T fallback)
        where T : struct, Enum
    {
        string[] names = [.. Enum.GetNames<T>().Select(value => value.ToLowerInvariant())];
        var option = new Option<T>(name)
        {
            Description = description,
            HelpName = string.Join('|', names),
            DefaultValueFactory = _ => fallback,
        };
        option.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, names);
        return option;
    }

    public static Option<int> ImportanceSamples(int samples) => new("--importance-samples")
    {
        Description = "Importance samples an image, K: more give a tighter bound and take longer.",
        HelpName = "K",
        DefaultValueFactory = _ => samples,
    };

    public static Option<string> Input() => new("--input")
    {
        Description = "A folder of PNG, JPEG, WebP or BMP images, one such image, a .npy or .npz file, or an IDX file.",
        HelpName = "DIR|FILE",
        Required = true,
    };

    public static Option<bool> Resize() => new("--resize") { Description = "Stretch images of another size to the model's." };

    public static Option<bool> Gray() => new("--gray") { Description = "Turn colour into grey." };

    public static Option<long> Seed(string what) => new("--seed")
    {
        Description = $"Seed of {what}.",
        HelpName = "S",
        DefaultValueFactory = _ => 1,
    };

    /// <summary>
    /// Refuses an output file that cannot or should not be written, before the work and not after it: a folder, a file
    /// without a folder or of another kind than is written, or one that is to be read.
    /// </summary>
    /// <param name="option">The option's name.</param>
    /// <param name="path">The output file.</param>
    /// <param name="endings">Endings of the kinds that are written.</param>
    /// <param name="inputs">What the command reads.</param>
    public static void RequireOutput(string option, string path, string[] endings, params IEnumerable<string> inputs)
    {
        if (Directory.Exists(path))
        {
            throw new SereException($"'{path}' cannot be written because it is a folder; name a file.");
        }

        string output = Path.GetFullPath(path);
        if (!Directory.Exists(Path.GetDirectoryName(output)))
        {
            throw new SereException($"'{path}' cannot be written because its folder does not exist; make it first.");
        }

        if (!endings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
        {
            throw new UsageException($"{option} '{path}' does not end with {string.Join(" or ", endings)}; name such a file.");
        }

        if (File.Exists(output) && inputs.FirstOrDefault(input => Holds(input, output)) is { } read)
        {
            throw new UsageException($"{option} '{path}' would replace a file of '{read}', which is read; name another file.");
        }
    }

    /// <summary>Whether an input is a file, or the folder of a file.</summary>
    private static bool Holds(string input, string file)
    {
        // The file system's own rule for upper and lower case is not known: equal but for that is too near.
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(input));
        return path.Equals(file, StringComparison.OrdinalIgnoreCase)
            || path.Equals(Path.GetDirectoryName(file), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads a number, in which a comma is no mark of thousands: 0,5 is not 5.</summary>
    public static double ParseNumber(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
        {
            result.AddError($"'{text}' is not a number");
        }

        return value;
    }

    /// <summary>The value of an option that must lie in a range.</summary>
    public static int Within(this ParseResult parsed, Option<int> option, int lowest, int highest) =>
        RequireWithin(option, parsed.GetValue(option), lowest, highest);

    /// <summary>The value of an option that must lie in a range if it is given.</summary>
    public static int? Within(this ParseResult parsed, Option<int?> option, int lowest, int highest) =>
        parsed.GetValue(option) is { } value ? RequireWithin(option, value, lowest, highest) : null;

    private static int RequireWithin(Option option, int value, int lowest, int highest) =>
        value >= lowest && value <= highest
            ? value
            : throw new UsageException($"{option.Name} {value} is out of range; give a number from {lowest} to {highest}.");
}
