using Xunit;

namespace Sere.Tests.Cli;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("sere da", "data")]
    [InlineData("sere data f", "fetch")]
    [InlineData("sere train --pres", "--preset")]
    [InlineData("sere train --preset toy", "toy-spline-flow")]
    [InlineData("sere presets toy", "toy-spline-flow")]
    [InlineData("sere compare --suite dig", "digits")]
    public void A_shell_is_told_what_may_follow(string line, string expected)
    {
        var result = SereCommand.Run($"[suggest:{line.Length}]", line).Done();
        Assert.Contains(expected, result.Output.Split('\n'));
        Assert.Equal("", result.Error);
    }
}
