using System.Text;
using Sere.Runs.Configuration;
using Sere.Tests.Runs.Configuration;
using Xunit;

namespace Sere.Tests.Malformed;

public sealed class ConfigurationMutationTests
{
    [Fact]
    public void Damaged_configurations_are_refused_or_read() => new MutationRun("config.json", Forms(PresetText.Read), Read).Check();

    // The presets that a file is from are read with it, and each change is written out.
    [Fact]
    public void Damaged_differences_from_a_preset_are_refused_or_read() =>
        new MutationRun("mine.json", Forms(PresetText.File), Read) { MemoryBesides = 1 << 24 }.Check();

    private static MalformedForm[] Forms(Func<string, string> text) =>
    [
        .. from name in Presets.Names
           let sound = Encoding.UTF8.GetBytes(text(name))
           from mutate in (Func<byte[], Random, byte[]>[])[JsonMutation.Of, JsonMutation.Of, Mutation.Of]
           select new MalformedForm(name, sound, mutate),
    ];

    private static void Read(string path)
    {
        ExperimentConfiguration configuration = ConfigurationFile.Load(path);
        Assert.Equal(configuration, ConfigurationFile.Parse(ConfigurationFile.ToJson(configuration), "written"));
    }
}
