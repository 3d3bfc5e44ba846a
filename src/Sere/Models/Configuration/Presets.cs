namespace Sere.Models.Configuration;

/// <summary>The configurations that come with the library.</summary>
public static class Presets
{
    private static readonly EmbeddedFiles Files = new("presets/");

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
            throw ConfigurationSchema.Unknown($"unknown preset \"{ConfigurationSchema.Short(name)}\"", name, Names);
        }

        var (text, source) = Files.Read(name);
        return ConfigurationFile.Parse(text, source);
    }
}
