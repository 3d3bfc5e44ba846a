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

    /// <summary>Waits until it has written a text on standard error.</summary>
    public void WaitForError(string text) => WaitFor(text, _error);

    /// <summary>Waits until it has written a line on standard output, and returns what follows a text in it.</summary>
    public string WaitForOutput(string text)
    {
        WaitFor(text, _output);
        string output = Text(_output);
        return output[(output.IndexOf(text, StringComparison.Ordinal) + text.Length)..].Split('\n')[0];
    }

    /// <summary>The files that it has in its memory, as Linux lists them.</summary>
    public string LoadedFiles() => File.ReadAllText($"/proc/{_process.Id}/maps");

    /// <summary>Ends it at once, wherever it is.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Asks it to stop, as Ctrl-C does.</summary>
    public void Interrupt() => Signal(InterruptSignal());

    /// <summary>Sends it a signal, such as -HUP.</summary>
    public void Signal(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{_process.Id}"]);
        kill.WaitForExit();
    }

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

    /// <summary>
    /// What Ctrl-C sends. A shell starts its background jobs with that signal ignored, and they hand this on to every
    /// process that they start: where the tests are run so, the signal to end has to do.
    /// </summary>
    private static string InterruptSignal()
    {
        const string Status = "/proc/self/status";
        const string Label = "SigIgn:";
        string? ignored = File.Exists(Status)
            ? File.ReadLines(Status).FirstOrDefault(line => line.StartsWith(Label, StringComparison.Ordinal))
            : null;
        bool isIgnored = ignored is not null && (Convert.ToUInt64(ignored[Label.Length..].Trim(), 16) & 0b10) != 0;
        return isIgnored ? "-TERM" : "-INT";
    }

    private void WaitFor(string text, StringBuilder stream)
    {
        var start = Stopwatch.StartNew();
        while (!Text(stream).Contains(text, StringComparison.Ordinal))
        {
            Assert.False(_process.HasExited, $"The program ended before it wrote '{text}': {Text(_output)} {Text(_error)}");
            Assert.True(start.Elapsed < LongestRun, $"The program never wrote '{text}': {Text(_output)} {Text(_error)}");
            Thread.Sleep(5);
        }
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
