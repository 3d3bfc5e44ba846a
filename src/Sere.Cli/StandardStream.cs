using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Sere.Cli;

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
