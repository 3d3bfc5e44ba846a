using System.Text.Json;
using Sere.Models.Configuration;
using Xunit;

namespace Sere.Tests.Models.Configuration;

public sealed class PresetsTests
{
    public static TheoryData<string> All => [.. Presets.Names];

    [Fact]
    public void The_names_are_those_of_the_files() => Assert.Equal(
        [
            "cifar10-case1", "cifar10-case2", "cifar10-case3", "cifar10-case3-nofloor", "cifar10-maf", "cifar10-maf-small",
            "cifar10-maf10-flips", "cifar10-maf5-flips", "cifar10-sere-maf", "cifar10-sere-maf-small", "digits",
            "mnist-dlgm", "mnist-dlgm-blocks", "mnist-iaf", "mnist-iw-ladder", "mnist-iwae", "mnist-ladder", "mnist-mlp",
            "mnist-relaxed-bernoulli", "mnist-resnet", "mnist-sere-iaf", "toy-spline-flow",
        ],
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
    public void A_preset_writes_out_every_member_in_the_order_in_which_configurations_are_written(string name)
    {
        string json = ConfigurationFile.ToJson(Presets.Load(name));
        using var written = JsonDocument.Parse(json);
        using var preset = JsonDocument.Parse(PresetText.Read(name));
        Assert.Equal([.. Paths(written.RootElement, "")], Paths(preset.RootElement, "").ToArray());
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

    private static IEnumerable<string> Paths(JsonElement element, string path)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return [path];
        }

        return element.EnumerateObject().SelectMany(member => Paths(member.Value, $"{path}/{member.Name}"));
    }
}
