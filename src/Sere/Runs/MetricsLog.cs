using System.Text.Json;
using Sere.Storage;

namespace Sere.Runs;

/// <summary>Reads and writes metrics.jsonl.</summary>
public static class MetricsLog
{
    /// <summary>The largest file that is read, in bytes.</summary>
    private const long LargestFile = 1L << 28;

    /// <summary>The epochs of a file, in order; none if there is no file with content.</summary>
    /// <param name="path">The file.</param>
    /// <param name="warn">
    /// Told of a damaged line, from which on nothing is read; null to have such a file refused.
    /// </param>
    /// <exception cref="SereException">A line is damaged, or the file cannot be read.</exception>
    public static IReadOnlyList<RunMetrics> Read(string path, Action<string>? warn = null)
    {
        if (!OrdinaryFile.HasContent(path))
        {
            return [];
        }

        var epochs = new List<RunMetrics>();
        int number = 0;
        try
        {
            foreach (string line in OrdinaryFile.ReadLines(path, LargestFile))
            {
                number++;
                if (line.Length > 0)
                {
                    epochs.Add(JsonSerializer.Deserialize<RunMetrics>(line, RunJson.Line) is { IsPossible: true } epoch
                        ? epoch
                        : throw new JsonException("A line is null, or of figures that no run has."));
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is what a text with half of a surrogate pair ends in.
            string what = $"'{path}' cannot be read as metrics because line {number} is not the sound JSON of an epoch";
            if (warn is null)
            {
                throw new SereException($"{what}; restore the file, or remove it to go on without it.", error);
            }

            warn($"{what}; the {epochs.Count} epochs before it are kept.");
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Reading(path, error);
        }

        return epochs;
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
