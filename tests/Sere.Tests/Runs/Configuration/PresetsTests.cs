using System.Text.Json;
using Sere.Runs.Configuration;
using Xunit;

namespace Sere.Tests.Runs.Configuration;

public sealed class PresetsTests
{
    public static TheoryData<string> All => [.. Presets.Names];

    [Fact]
    public void The_names_are_those_of_the_files() => Assert.Equal(
        Directory.GetFiles(Path.Combine(RepositoryFolder.Path, "presets")).Select(Path.GetFileNameWithoutExtension)
            .Order(StringComparer.Ordinal),
        Presets.Names);

    [Theory]
    [MemberData(nameof(All))]
    public void A_preset_is_valid_and_bears_the_name_of_its_file(string name) =>
        Assert.Equal(name, Presets.Load(name).Name);

    [Theory]
    [MemberData(nameof(All))]
    public void A_preset_survives_writing_and_reading(string name)
    {
        ExperimentConfiguration preset = Presets.Load(name);
        string json = ConfigurationFile.ToJson(preset);
        ExperimentConfiguration again = ConfigurationFile.Parse(json, "test");
        Assert.Equal(preset, again);
        Assert.Equal(preset.GetHashCode(), again.GetHashCode());
        Assert.Equal(json, ConfigurationFile.ToJson(again));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_preset_says_no_more_than_what_differs(string name)
    {
        using var file = JsonDocument.Parse(PresetText.File(name));
        if (file.RootElement.TryGetProperty("from", out var from))
        {
            JsonElement set = file.RootElement.GetProperty("set");
            Assert.All(set.EnumerateObject(), change =>
            {
                string others = string.Join(
                    ", ",
                    set.EnumerateObject().Where(other => !string.Equals(other.Name, change.Name, StringComparison.Ordinal))
                        .Select(other => $"\"{other.Name}\": {other.Value.GetRawText()}"));
                string without = $$"""{ "from": {{from.GetRawText()}}, "set": { {{others}} } }""";
                Assert.False(IsTheSame(without, Presets.Load(name)), $"{change.Name} changes nothing.");
            });
        }
    }

    [Fact]
    public void An_unknown_preset_is_refused_with_the_nearest_name()
    {
        UsageException error = Assert.Throws<UsageException>(() => Presets.Load("mnist-mpl"));
        Assert.Equal("unknown preset \"mnist-mpl\"; did you mean \"mnist-mlp\"?", error.Message);
    }

    [Fact]
    public void The_smallest_configuration_has_the_defaults_of_the_records() =>
        Assert.Equal(new ExperimentConfiguration(), ConfigurationFile.Parse("{}", "test"));

    private static bool IsTheSame(string json, ExperimentConfiguration preset)
    {
        try
        {
            var other = ConfigurationFile.Parse(json, "test");
            return other with { Name = preset.Name, Description = preset.Description } == preset;
        }
        catch (UsageException)
        {
            return false;
        }
    }
}
