using Sere.Models.Configuration;
using Sere.Numerics;

namespace Sere.Runs.Comparison;

/// <summary>The suites that come with the library, and those in files.</summary>
public static class Suites
{
    private const string Extension = ".json";
    private static readonly EmbeddedFiles Files = new("suites/");

    /// <summary>The names of all embedded suites, in alphabetical order.</summary>
    public static IReadOnlyList<string> Names => Files.Names;

    /// <summary>Reads a suite.</summary>
    /// <param name="nameOrFile">One of <see cref="Names"/>, or the path of a JSON file.</param>
    /// <returns>The suite, and the folder that its paths start from; null for an embedded one.</returns>
    /// <exception cref="UsageException">There is no such suite, or its content is refused.</exception>
    /// <exception cref="SereException">The file is missing or cannot be read.</exception>
    public static (Suite Suite, string? Folder) Load(string nameOrFile)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrFile);
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
                $"There is no suite \"{ConfigurationSchema.Short(nameOrFile)}\"{advice}; the suites are {known}, or name a "
                + "JSON file.");
        }

        var suite = ConfigurationFile.Load<Suite>(nameOrFile, "suite file", one => one.Validate());
        return (suite, Path.GetDirectoryName(Path.GetFullPath(nameOrFile)));
    }

    /// <summary>Reads a suite from JSON; comments and trailing commas are allowed.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">What the text is; every error begins with it.</param>
    /// <exception cref="UsageException">
    /// The text is damaged, or holds a member or value that is unknown, of a wrong type or out of range.
    /// </exception>
    public static Suite Parse(string json, string source) =>
        ConfigurationFile.Parse<Suite>(json, source, suite => suite.Validate());
}
