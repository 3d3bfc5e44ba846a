using System.Reflection;

namespace Sere.Models.Configuration;

/// <summary>The configurations that come with the library.</summary>
public static class Presets
{
    private const string Folder = "presets/";
    private const string Extension = ".json";

    private static readonly Assembly Library = typeof(Presets).Assembly;

    /// <summary>The names of all presets, in alphabetical order.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. Library.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal)
                && name.EndsWith(Extension, StringComparison.Ordinal))
            .Select(name => name[Folder.Length..^Extension.Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Reads a preset.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="UsageException">There is no such preset; the sentence names the nearest one.</exception>
    public static ExperimentConfiguration Load(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!Names.Contains(name, StringComparer.Ordinal))
        {
            throw ConfigurationSchema.Unknown($"unknown preset \"{ConfigurationSchema.Short(name)}\"", name, Names);
        }

        string resource = $"{Folder}{name}{Extension}";
        using var reader = new StreamReader(Library.GetManifestResourceStream(resource)!);
        return ConfigurationFile.Parse(reader.ReadToEnd(), resource);
    }
}
