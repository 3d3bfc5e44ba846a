using Spectre.Console;

namespace Sere.Cli;

/// <summary>
/// Where the command writes: results on standard output, everything else on standard error, so that a pipe gets results
/// alone.
/// </summary>
internal sealed record Terminal(TextWriter Output, IAnsiConsole Results, IAnsiConsole Messages)
{
    /// <summary>The process's own streams.</summary>
    public static Terminal OfProcess() => new(
        Console.Out,
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) }),
        AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Console.Error),
            Ansi = Console.IsErrorRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = Console.IsErrorRedirected ? InteractionSupport.No : InteractionSupport.Detect,
        }));

    /// <summary>Whether progress can be drawn in place.</summary>
    public bool IsLive => Messages.Profile.Capabilities is { Ansi: true, Interactive: true };

    /// <summary>One sentence for the user.</summary>
    public void Say(string sentence) => Messages.Profile.Out.Writer.WriteLine(sentence);

    /// <summary>A warning.</summary>
    public void Warn(string sentence) => Say($"warning: {sentence}");
}
