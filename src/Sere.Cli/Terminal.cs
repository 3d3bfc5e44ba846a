using System.Text;
using Microsoft.Win32.SafeHandles;
using Sere.Distributed;
using Spectre.Console;
using Spectre.Console.Rendering;

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
        bool isOneOfSeveral = Launcher.StartedSeveral;
        if (isOneOfSeveral)
        {
            // mpirun of Open MPI gives each process a terminal of its own and hands on all that is written to it, with
            // what .NET sends to a terminal to set its keys.
            Environment.SetEnvironmentVariable("TERM", "dumb");
        }

        var (output, results) = TerminalWriter.Of(
            Console.Out, 1, isOneOfSeveral || Console.IsOutputRedirected, mustArrive: true);
        var (errors, messages) = TerminalWriter.Of(
            Console.Error, 2, isOneOfSeveral || Console.IsErrorRedirected, mustArrive: false);
        return new Terminal(output, results, errors, messages);
    }

    /// <summary>Says nothing to anybody.</summary>
    public Terminal Silent()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });
        return new Terminal(TextWriter.Null, console, TextWriter.Null, console);
    }

    public bool IsLive => Messages.Profile.Capabilities is { Ansi: true, Interactive: true };

    public void Say(string sentence) => Errors.WriteLine(sentence.ReplaceLineEndings(" "));

    public void Warn(string sentence) => Say($"warning: {sentence}");
}

/// <summary>
/// One of the process's two streams. Results that cannot be written are an error; messages are dropped, and work goes on
/// (a closed pipe of results ends quietly, as that of other tools does). No name that came from outside acts on the
/// terminal: control characters become question marks.
/// </summary>
/// <param name="stream">The stream.</param>
/// <param name="mustArrive">Whether it takes results rather than messages.</param>
/// <param name="draws">Whether it takes escape sequences of a display, whose texts have been cleaned.</param>
internal sealed class TerminalWriter(TextWriter stream, bool mustArrive, bool draws) : TextWriter(stream.FormatProvider)
{
    public override Encoding Encoding => stream.Encoding;

    /// <summary>The writer of a stream, and a console that draws on it.</summary>
    /// <param name="stream">Console.Out or Console.Error.</param>
    /// <param name="number">Its number, 1 or 2.</param>
    /// <param name="isRedirected">Whether it is no terminal.</param>
    /// <param name="mustArrive">Whether it takes results rather than messages.</param>
    public static (TextWriter Writer, IAnsiConsole Console) Of(
        TextWriter stream, int number, bool isRedirected, bool mustArrive)
    {
        var output = new AnsiConsoleOutput(stream);
        stream = StandardStream.OrClosed(number, stream);
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = isRedirected ? InteractionSupport.No : InteractionSupport.Detect,
            Out = new ConsoleOutput(output, new TerminalWriter(stream, mustArrive, draws: true)),
        });

        // The hook that is attached first sees last what all others leave, live displays included.
        console.Pipeline.Attach(new TextCleaner());
        return (new TerminalWriter(stream, mustArrive, draws: false), console);
    }

    public override void Write(char value) => Write([value], 0, 1);

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(string? value) => Send(to => to.Write(draws ? value : Clean(value)));

    // In one piece, so that lines of two processes do not mix.
    public override void WriteLine(string? value) => Write(value + '\n');

    public override void Flush() => Send(to => to.Flush());

    private void Send(Action<TextWriter> send)
    {
        try
        {
            send(stream);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            if (mustArrive)
            {
                // .NET says so of a file that would grow beyond its limit, as if a number in the program were wrong.
                string reason = error is ArgumentException ? "its file may not grow any more" : error.Message.TrimEnd('.');
                throw new SereException($"Standard output takes no results ({reason}); send it to where there is room.", error);
            }
        }
    }

    private static string? Clean(string? text) => text is null || !text.Any(IsControl)
        ? text
        : string.Create(text.Length, text, (cleaned, from) =>
        {
            for (int i = 0; i < cleaned.Length; i++)
            {
                cleaned[i] = IsControl(from[i]) ? '?' : from[i];
            }
        });

    // Those that turn the direction of writing, too: with them a name can look like another one.
    private static bool IsControl(char letter) =>
        (char.IsControl(letter) && letter is not ('\n' or '\t'))
        || letter is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');

    private sealed class TextCleaner : IRenderHook
    {
        public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
            renderables.Select(renderable => new CleanText(renderable));
    }

    private sealed class CleanText(IRenderable content) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => content.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => content.Render(options, maxWidth)
            .Select(segment => segment.IsControlCode || !segment.Text.Any(IsControl)
                ? segment
                : new Segment(Clean(segment.Text)!, segment.Style));
    }

    private sealed class ConsoleOutput(IAnsiConsoleOutput stream, TextWriter writer) : IAnsiConsoleOutput
    {
        // Narrower, tables and bars have no room for anything.
        private const int LeastWidth = 20;

        public TextWriter Writer => writer;

        public bool IsTerminal => stream.IsTerminal;

        public int Width => Math.Max(LeastWidth, stream.Width);

        public int Height => stream.Height;

        public void SetEncoding(Encoding encoding) => stream.SetEncoding(encoding);
    }
}

/// <summary>
/// Standard output and standard error as the caller gave them. Where one was closed, its number goes to the next file
/// that is opened, be it a pipe of the runtime or a checkpoint, and what is written to the stream would end up in there.
/// </summary>
internal static class StandardStream
{
    private const int LastNumber = 2;
    private const long CloseOnExec = 0x80000;
    private const string Descriptors = "/proc/self/fdinfo";
    private static readonly List<SafeFileHandle> Reserved = [];

    /// <summary>Gives the numbers of closed streams to the null device, so that no file of ours takes them.</summary>
    public static void Reserve()
    {
        while (Directory.Exists(Descriptors) && Reserved.TrueForAll(handle => handle.DangerousGetHandle() <= LastNumber))
        {
            Reserved.Add(File.OpenHandle("/dev/null"));
        }
    }

    /// <summary>The stream, or a writer that refuses everything where the caller has closed it.</summary>
    /// <param name="number">1 or 2.</param>
    /// <param name="stream">Console.Out or Console.Error.</param>
    public static TextWriter OrClosed(int number, TextWriter stream)
    {
        // What the caller opened has come through exec, and what the runtime or .NET opens would not.
        const string Label = "flags:";
        string path = $"{Descriptors}/{number}";
        bool isOurs = File.Exists(path) && File.ReadLines(path)
            .Where(line => line.StartsWith(Label, StringComparison.Ordinal))
            .Any(line => (Convert.ToInt64(line[Label.Length..].Trim(), 8) & CloseOnExec) != 0);
        return isOurs ? new ClosedWriter() : stream;
    }

    private sealed class ClosedWriter : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw new IOException("it is closed");
    }
}

/// <summary>Command lines as a shell takes them.</summary>
internal static class ShellText
{
    public static string OfProcess() =>
        string.Join(' ', ["sere", .. Environment.GetCommandLineArgs().Skip(1).Select(Quote)]);

    public static string Quote(string argument) =>
        argument.Length > 0 && argument.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_=./:,+[]".Contains(letter))
            ? argument
            : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
