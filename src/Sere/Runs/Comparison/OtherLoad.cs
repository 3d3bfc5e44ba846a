using System.Diagnostics;
using System.Globalization;
using Sere.Storage;

namespace Sere.Runs.Comparison;

/// <summary>
/// How busy other processes kept the machine over a time: what a measured time has to be read with. Known on Linux alone.
/// </summary>
internal sealed class OtherLoad
{
    // What the kernel counts processor time in for all programs, whatever it uses itself.
    private const double TicksPerSecond = 100;
    private const string Statistics = "/proc/stat";
    private const int IdleColumn = 4;
    private const int IoWaitColumn = 5;
    private const int StealColumn = 8;
    private readonly double? _busy = Busy();
    private readonly double _own = Own();
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Cores that others used since this was made, mean over the time; null where that is not known.</summary>
    public double? Cores() => Busy() is { } busy && _busy is { } before
        ? Math.Max(0, (busy - before - (Own() - _own)) / Math.Max(Stopwatch.GetElapsedTime(_start).TotalSeconds, 1e-3))
        : null;

    private static double Own()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }

    private static double? Busy()
    {
        try
        {
            string[]? fields = File.Exists(Statistics)
                ? File.ReadLines(Statistics).First().Split(' ', StringSplitOptions.RemoveEmptyEntries)
                : null;
            return fields?.Select((field, column) => (field, column))
                .Where(entry => entry.column is > 0 and <= StealColumn and not IdleColumn and not IoWaitColumn)
                .Sum(entry => double.Parse(entry.field, CultureInfo.InvariantCulture) / TicksPerSecond);
        }
        catch (Exception error) when (error is FormatException or InvalidOperationException || FileFault.IsFault(error))
        {
            return null;
        }
    }
}
