using Xunit;

namespace Sere.Tests.Cli;

/// <summary>What a process left: its exit code and its two streams, with line feeds.</summary>
internal sealed record ProgramResult(int ExitCode, string Output, string Error)
{
    /// <summary>It did what it was asked to.</summary>
    public ProgramResult Done()
    {
        Assert.True(ExitCode == 0, $"Exit code {ExitCode}: {Output} {Error}");
        return this;
    }

    /// <summary>It refused in one sentence on standard error, without a stack trace, and with nothing as a result.</summary>
    public void Refused(int exitCode, params string[] parts)
    {
        Assert.True(ExitCode == exitCode, $"Exit code {ExitCode}: {Output} {Error}");
        Assert.Equal("", Output);
        string line = Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("unexpected", line, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, line, StringComparison.Ordinal));
    }
}
