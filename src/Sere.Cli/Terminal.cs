using Spectre.Console;

namespace Sere.Cli;

/// <summary>
/// Where the command writes: results on standard output, everything else on standard error, so that a pipe gets results
/// alone.
/// </summary>
internal sealed record Terminal(TextWriter Output, IAnsiConsole Results, TextWriter Errors, IAnsiConsole Messages)
{
    public static Terminal OfProcess()
    {
        StandardStream.Reserve();
        var (output, results) = TerminalWriter.Of(Console.Out, 1, Console.IsOutputRedirected, mustArrive: true);
        var (errors, messages) = TerminalWriter.Of(Console.Error, 2, Console.IsErrorRedirected, mustArrive: false);
        return new Terminal(output, results, errors, messages);
    }

    public bool IsLive => Messages.Profile.Capabilities is { Ansi: true, Interactive: true };

    public void Say(string sentence) => Errors.WriteLine(sentence.ReplaceLineEndings(" "));

    public void Warn(string sentence) => Say($"warning: {sentence}");
}
