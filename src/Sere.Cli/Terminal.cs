using Spectre.Console;

namespace Sere.Cli;

/// <summary>
/// Where the command writes: results on standard output, everything else on standard error, so that a pipe gets results
/// alone.
/// </summary>
internal sealed record Terminal(TextWriter Output, IAnsiConsole Results, TextWriter Errors, IAnsiConsole Messages)
{
    /// <summary>The process's own streams.</summary>
    public static Terminal OfProcess()
    {
        StandardStream.Reserve();
        var (output, results) = TerminalWriter.Of(Console.Out, 1, Console.IsOutputRedirected, mustArrive: true);
        var (errors, messages) = TerminalWriter.Of(Console.Error, 2, Console.IsErrorRedirected, mustArrive: false);
        return new Terminal(output, results, errors, messages);
    }

    /// <summary>Whether progress can be drawn in place.</summary>
    public bool IsLive => Messages.Profile.Capabilities is { Ansi: true, Interactive: true };

    /// <summary>One sentence for the user.</summary>
    public void Say(string sentence) => Errors.WriteLine(sentence.ReplaceLineEndings(" "));

    /// <summary>A warning.</summary>
    public void Warn(string sentence) => Say($"warning: {sentence}");
}
