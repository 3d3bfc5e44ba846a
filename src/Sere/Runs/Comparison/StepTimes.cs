using System.Text.Json;
using Sere.Data;
using Sere.Numerics;
using Sere.Storage;
using TorchSharp;

namespace Sere.Runs.Comparison;

/// <summary>
/// What a training step of each row takes. The rows take turns, a step each, so that other work on the machine meets all
/// of them alike; a ratio is the median of those of single turns.
/// </summary>
public sealed record StepTimes
{
    private const int WarmUpRounds = 3;

    /// <summary>Turns that were measured.</summary>
    public required int Rounds { get; init; }

    /// <summary>Threads that computed.</summary>
    public required int Threads { get; init; }

    /// <summary>Cores that other processes used in the meantime; null where that is not known.</summary>
    public required double? OtherCores { get; init; }

    /// <summary>Median milliseconds of a step, by row.</summary>
    public required IReadOnlyDictionary<string, double> Milliseconds { get; init; }

    /// <summary>Median of the ratio to the reference's step of the same turn, by row.</summary>
    public required IReadOnlyDictionary<string, double> Relative { get; init; }

    /// <summary>Of no rows.</summary>
    internal static StepTimes None { get; } = new()
    {
        Rounds = 0,
        Threads = 0,
        OtherCores = null,
        Milliseconds = new Dictionary<string, double>(StringComparer.Ordinal),
        Relative = new Dictionary<string, double>(StringComparer.Ordinal),
    };

    /// <summary>Measures rows that train, each from its initial weights.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="reference">The one that the others are divided by.</param>
    /// <param name="images">Training images.</param>
    /// <param name="rounds">Turns to measure.</param>
    /// <param name="cancellation">Asks to stop.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    internal static StepTimes Measure(
        IReadOnlyList<PlannedRow> rows,
        PlannedRow reference,
        ImageSet images,
        int rounds,
        CancellationToken cancellation)
    {
        using var allThreads = ThreadTuner.Suspend();
        StepTimer[] timers = [.. rows.Select(row => new StepTimer(row.Configuration, images))];
        try
        {
            var load = new OtherLoad();
            var times = rows.ToDictionary(row => row.Name, _ => new double[rounds], StringComparer.Ordinal);
            for (int round = -WarmUpRounds; round < rounds; round++)
            {
                for (int i = 0; i < timers.Length; i++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    double time = timers[i].Step();
                    if (round >= 0)
                    {
                        times[rows[i].Name][round] = time;
                    }
                }
            }

            double[] unit = times[reference.Name];
            return new StepTimes
            {
                Rounds = rounds,
                Threads = torch.get_num_threads(),
                OtherCores = load.Cores(),
                Milliseconds = times.ToDictionary(row => row.Key, row => Median(row.Value), StringComparer.Ordinal),
                Relative = times.ToDictionary(
                    row => row.Key,
                    row => Median(row.Value.Zip(unit, (time, one) => time / one)),
                    StringComparer.Ordinal),
            };
        }
        finally
        {
            Array.ForEach(timers, timer => timer.Dispose());
        }
    }

    /// <summary>Those that were kept, if they are sound and of these rows; null else, as they can be measured again.</summary>
    internal static StepTimes? Read(string path, IEnumerable<string> rows)
    {
        try
        {
            var kept = File.Exists(path)
                ? JsonSerializer.Deserialize<StepTimes>(ComparisonFolder.ReadText(path), RunJson.Line)
                : null;
            return kept is not null && rows.All(row => kept.Milliseconds.ContainsKey(row) && kept.Relative.ContainsKey(row))
                ? kept
                : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or SereException)
        {
            return null;
        }
    }

    /// <summary>Keeps them.</summary>
    internal void Write(string path) => AtomicFile.WriteAllText(path, JsonSerializer.Serialize(this, RunJson.Indented) + "\n");

    private static double Median(IEnumerable<double> values)
    {
        double[] ordered = [.. values.Order()];
        return (ordered[ordered.Length / 2] + ordered[(ordered.Length - 1) / 2]) / 2;
    }
}
