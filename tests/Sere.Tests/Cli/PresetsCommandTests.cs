using Sere.Runs.Configuration;
using Xunit;

namespace Sere.Tests.Cli;

public sealed class PresetsCommandTests : FolderTests
{
    private readonly TrainedRun _run;

    public PresetsCommandTests(TrainedRun run)
    {
        _run = run;
    }

    [Fact]
    public void All_presets_are_listed()
    {
        var result = SereCommand.Run("presets").Done();
        string[] first = [.. result.Output.Split('\n').Select(line => line.Split(' ')[0])];
        Assert.All(Presets.Names, name => Assert.Contains(name, first));
    }

    [Fact]
    public void A_preset_that_was_printed_can_be_trained_from()
    {
        var printed = SereCommand.Run("presets", "digits").Done();
        Assert.Equal(Presets.Load("digits"), ConfigurationFile.Parse(printed.Output, "printed"));
        string file = _folder.File("mine.json");
        File.WriteAllText(file, printed.Output);
        string run = _folder.File("run");
        SereCommand.Run(_run.Command("--run", run, "--config", file)).Done();
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(_run.Root, "checkpoints", "best.safetensors")),
            File.ReadAllBytes(Path.Combine(run, "checkpoints", "best.safetensors")));
    }
}
