using System.Diagnostics;
using System.Text;
using Xunit;

namespace Sere.Tests.Cli;

/// <summary>A process that has been started; what it writes is collected.</summary>
internal sealed class RunningProgram : IDisposable
{
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(3);
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    public RunningProgram(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Collect(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Collect(_error, line.Data);
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    /// <summary>Waits until it has written a text on standard error.</summary>
    public void WaitForError(string text)
    {
        var start = Stopwatch.StartNew();
        while (!Text(_error).Contains(text, StringComparison.Ordinal))
        {
            Assert.False(_process.HasExited, $"The program ended before it wrote '{text}': {Text(_error)}");
            Assert.True(start.Elapsed < LongestRun, $"The program never wrote '{text}': {Text(_error)}");
            Thread.Sleep(5);
        }
    }

    /// <summary>Ends it at once, wherever it is.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Waits for its end.</summary>
    public ProgramResult Finish()
    {
        if (!_process.WaitForExit(LongestRun))
        {
            _process.Kill();
            Assert.Fail($"The program did not end within {LongestRun}: {Text(_output)} {Text(_error)}");
        }

        // Waits for the rest of the streams too, which the overload with a time does not.
        _process.WaitForExit();
        return new ProgramResult(_process.ExitCode, Text(_output), Text(_error));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static void Collect(StringBuilder text, string? line)
    {
        if (line is not null)
        {
            lock (text)
            {
                text.Append(line).Append('\n');
            }
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
