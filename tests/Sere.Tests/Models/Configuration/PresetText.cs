using Sere.Models.Configuration;

namespace Sere.Tests.Models.Configuration;

/// <summary>The text of a preset as it stands in its file.</summary>
internal static class PresetText
{
    public static string Read(string name)
    {
        using var reader = new StreamReader(
            typeof(Presets).Assembly.GetManifestResourceStream($"presets/{name}.json")!);
        return reader.ReadToEnd();
    }
}
