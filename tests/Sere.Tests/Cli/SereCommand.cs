using Sere.Cli;
using Xunit;

namespace Sere.Tests.Cli;

/// <summary>
/// The command line in this process: all of it but the streams, the signals, the working folder and the environment of
/// a process of its own, for which <see cref="BuiltProgram.Sere"/> is started. It computes with one thread.
/// </summary>
internal static class SereCommand
{
    /// <summary>Runs it to its end.</summary>
    public static ProgramResult Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        return Run(arguments, output, errors, CancellationToken.None);
    }

    /// <summary>Runs it and asks it to stop, as Ctrl-C does, when it writes a text on standard error.</summary>
    public static ProgramResult Interrupt(string text, params string[] arguments)
    {
        using var stopping = new CancellationTokenSource();
        using var output = new StringWriter();
        using var errors = new StoppingWriter(text, stopping);
        var result = Run(arguments, output, errors, stopping.Token);
        Assert.True(stopping.IsCancellationRequested, $"The command never wrote '{text}': {result.Error}");
        return result;
    }

    /// <summary>Runs it with streams of one's own, whose text is in the result.</summary>
    public static ProgramResult Run(
        string[] arguments, TextWriter output, TextWriter errors, CancellationToken stopping)
    {
        var (results, resultConsole) = TerminalWriter.Of(output, 1, isRedirected: true, mustArrive: true);
        var (messages, messageConsole) = TerminalWriter.Of(errors, 2, isRedirected: true, mustArrive: false);
        var terminal = new Terminal(results, resultConsole, messages, messageConsole);
        int exitCode = new CommandLineApplication(terminal, new Interruption(() => stopping)).Run(arguments);
        return new ProgramResult(exitCode, Text(output), Text(errors));
    }

    private static string Text(TextWriter writer) =>
        writer is StringWriter text ? text.ToString().Replace("\r\n", "\n", StringComparison.Ordinal) : "";

    private sealed class StoppingWriter(string text, CancellationTokenSource stopping) : StringWriter
    {
        public override void Write(string? value)
        {
            base.Write(value);
            if (value?.Contains(text, StringComparison.Ordinal) == true)
            {
                stopping.Cancel();
            }
        }
    }
}
