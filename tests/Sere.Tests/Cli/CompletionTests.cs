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

    [Theory]
    [InlineData("8")]
    [InlineData("99")]
    [InlineData("999999999999")]
    public void A_cursor_beyond_the_line_is_one_at_its_end(string place)
    {
        const string Line = "sere da";
        Assert.Equal(SereCommand.Run($"[suggest:{Line.Length}]", Line).Done(), SereCommand.Run($"[suggest:{place}]", Line).Done());
        SereCommand.Run($"[suggest:{place}]").Done();
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("x")]
    [InlineData("")]
    public void A_cursor_that_is_no_number_is_refused(string place) =>
        SereCommand.Run($"[suggest:{place}]", "sere da").Refused(2, "the place of the cursor");
}
