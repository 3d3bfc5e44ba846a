using System.Text.Json;
using Sere.Storage;

namespace Sere.Runs;

/// <summary>Reads and writes metrics.jsonl.</summary>
public static class MetricsLog
{
    /// <summary>The largest file that is read, in bytes.</summary>
    private const long LargestFile = 1L << 28;

    /// <summary>The epochs of a file, in order; none if there is no file.</summary>
    /// <exception cref="SereException">A line is damaged.</exception>
    public static IReadOnlyList<RunMetrics> Read(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        try
        {
            if (new FileInfo(path).Length > LargestFile)
            {
                throw new SereException($"'{path}' is too large to be the metrics of a run; check the path.");
            }

            return
            [
                .. File.ReadLines(path)
                    .Where(line => line.Length > 0)
                    .Select(line => JsonSerializer.Deserialize<RunMetrics>(line, RunJson.Line)
                        ?? throw new JsonException("a line is null.")),
            ];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is what a text with half of a surrogate pair ends in.
            throw new SereException(
                $"'{path}' cannot be read as metrics because a line is not the sound JSON of an epoch; restore the file, or "
                + "remove it to go on without it.",
                error);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Reading(path, error);
        }
    }

    /// <summary>Writes all epochs, whole or not at all.</summary>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<RunMetrics> epochs) =>
        Write(path, epochs, PhysicalFileSystem.Instance);

    /// <summary>As <see cref="Write(string, IEnumerable{RunMetrics})"/>, on a file system.</summary>
    internal static void Write(string path, IEnumerable<RunMetrics> epochs, IFileSystem files) =>
        AtomicFile.WriteAllText(
            path, string.Concat(epochs.Select(epoch => JsonSerializer.Serialize(epoch, RunJson.Line) + "\n")), files);
}
