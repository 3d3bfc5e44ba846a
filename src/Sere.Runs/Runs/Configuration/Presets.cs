using System.Collections.Concurrent;
using System.Reflection;

namespace Sere.Runs.Configuration;

/// <summary>The configurations that come with the library.</summary>
public static class Presets
{
    private static readonly EmbeddedFiles Files = new("presets/");
    private static readonly ConcurrentDictionary<string, ExperimentConfiguration> Loaded = new(StringComparer.Ordinal);

    /// <summary>The names of all presets, in alphabetical order.</summary>
    public static IReadOnlyList<string> Names => Files.Names;

    /// <summary>Reads a preset.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="UsageException">There is no such preset; the sentence names the nearest one.</exception>
    public static ExperimentConfiguration Load(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!Names.Contains(name, StringComparer.Ordinal))
        {
            throw ConfigurationSchema.Unknown($"unknown preset \"{Choice.Short(name)}\"", name, Names);
        }

        return Loaded.GetOrAdd(name, static key =>
        {
            var (text, source) = Files.Read(key);
            return ConfigurationFile.Parse(text, source);
        });
    }
}

/// <summary>The JSON files of a folder that are embedded into the library.</summary>
internal sealed class EmbeddedFiles(string folder)
{
    private const string Extension = ".json";
    private static readonly Assembly Library = typeof(EmbeddedFiles).Assembly;

    /// <summary>Their names without folder and extension, in order.</summary>
    public IReadOnlyList<string> Names { get; } =
    [
        .. Library.GetManifestResourceNames()
            .Where(name => name.StartsWith(folder, StringComparison.Ordinal)
                && name.EndsWith(Extension, StringComparison.Ordinal))
            .Select(name => name[folder.Length..^Extension.Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The text of a file, and what to call it in a message.</summary>
    public (string Text, string Source) Read(string name)
    {
        string resource = $"{folder}{name}{Extension}";
        using var reader = new StreamReader(Library.GetManifestResourceStream(resource)!);
        return (reader.ReadToEnd(), resource);
    }
}
