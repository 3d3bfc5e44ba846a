using Sere.Runs.Configuration;

namespace Sere.Tests.Runs.Configuration;

/// <summary>Presets as text.</summary>
internal static class PresetText
{
    /// <summary>With every member.</summary>
    public static string Read(string name) => ConfigurationFile.ToJson(Presets.Load(name));

    /// <summary>As it stands in its file, which says what differs from another.</summary>
    public static string File(string name)
    {
        using var reader = new StreamReader(
            typeof(Presets).Assembly.GetManifestResourceStream($"presets/{name}.json")!);
        return reader.ReadToEnd();
    }
}
