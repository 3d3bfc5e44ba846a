using Xunit;

namespace Sere.Tests.Cli;

public sealed class HelpTests
{
    private static readonly string[] Commands = ["train", "evaluate", "sample", "reconstruct", "score", "compare", "data", "presets"];

    [Fact]
    public void Without_a_command_the_help_is_shown_and_nothing_was_done()
    {
        var result = SereCommand.Run();
        Assert.Equal(2, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.All(Commands, command => Assert.Contains($"\n  {command} ", result.Error));
    }

    [Fact]
    public void Help_that_was_asked_for_is_a_result()
    {
        var result = BuiltProgram.Sere.Run("--help").Done();
        Assert.Equal("", result.Error);
        Assert.Contains("\n  sere [command] [options]\n", result.Output);
        Assert.All(Commands, command => Assert.Contains($"\n  {command} ", result.Output));
    }

    [Fact]
    public void Each_command_has_help_of_its_own()
    {
        foreach (string command in (string[])[.. Commands, "data fetch", "data export", "data info"])
        {
            var result = SereCommand.Run([.. command.Split(' '), "--help"]).Done();
            Assert.Matches($"Usage:\n  \\S+ {command} ", result.Output);
            Assert.Equal("", result.Error);
        }
    }
}
