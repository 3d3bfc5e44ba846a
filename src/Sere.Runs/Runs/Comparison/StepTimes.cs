using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sere.Data;
using Sere.Models;
using Sere.Numerics;
using Sere.Runs.Configuration;
using Sere.Storage;
using Sere.Training;
using TorchSharp;

namespace Sere.Runs.Comparison;

/// <summary>
/// What a training step of each row takes. The rows take turns, a step each, so that other work on the machine meets all
/// of them alike; a ratio is the median of those of single turns.
/// </summary>
internal sealed record StepTimes(
    int Rounds, int Threads,
    // Cores that other processes used in the meantime; null where that is not known.
    double? OtherCores,
    // Median milliseconds of a step, by row.
    IReadOnlyDictionary<string, double> Milliseconds,
    // Median of the ratio to the reference's step of the same turn, by row.
    IReadOnlyDictionary<string, double> Relative)
{
    private const int WarmUpRounds = 3;

    /// <summary>The GPU that the steps were taken on; null for the CPU.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Gpu { get; init; }

    internal static StepTimes None { get; } = new(
        Rounds: 0,
        Threads: 0,
        OtherCores: null,
        Milliseconds: new Dictionary<string, double>(StringComparer.Ordinal),
        Relative: new Dictionary<string, double>(StringComparer.Ordinal));

    internal static StepTimes Measure(
        IReadOnlyList<PlannedRow> rows,
        PlannedRow reference,
        ImageSet images,
        int rounds,
        torch.Device device,
        CancellationToken cancellation)
    {
        using var allThreads = ThreadTuner.Suspend();
        StepTimer[] timers = [.. rows.Select(row => new StepTimer(row.Configuration, images, device))];
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
            return new StepTimes(
                Rounds: rounds,
                Threads: torch.get_num_threads(),
                OtherCores: load.Cores(),
                Milliseconds: times.ToDictionary(row => row.Key, row => Median(row.Value), StringComparer.Ordinal),
                Relative: times.ToDictionary(
                    row => row.Key,
                    row => Median(row.Value.Zip(unit, (time, one) => time / one)),
                    StringComparer.Ordinal))
            {
                Gpu = GpuOf(device),
            };
        }
        finally
        {
            Array.ForEach(timers, timer => timer.Dispose());
        }
    }

    /// <summary>Those that were kept, if they are sound and of these rows; null else, as they can be measured again.</summary>
    internal static StepTimes? Read(string path, IEnumerable<string> rows, torch.Device device)
    {
        try
        {
            var kept = File.Exists(path)
                ? JsonSerializer.Deserialize<StepTimes>(ComparisonFolder.ReadText(path), RunJson.Line)
                : null;
            return kept is not null
                && string.Equals(kept.Gpu, GpuOf(device), StringComparison.Ordinal)
                && rows.All(row => kept.Milliseconds.ContainsKey(row) && kept.Relative.ContainsKey(row))
                ? kept
                : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or SereException)
        {
            return null;
        }
    }

    private static string? GpuOf(torch.Device device) => device.type == DeviceType.CUDA ? CudaDriver.DeviceName : null;

    internal void Write(string path) => AtomicFile.WriteAllText(path, JsonSerializer.Serialize(this, RunJson.Indented) + "\n");

    private static double Median(IEnumerable<double> values)
    {
        double[] ordered = [.. values.Order()];
        return (ordered[ordered.Length / 2] + ordered[(ordered.Length - 1) / 2]) / 2;
    }
}

/// <summary>A model with its trainer that takes one step at a time.</summary>
internal sealed class StepTimer : IDisposable
{
    // More epochs than are ever timed.
    private const int Endless = 1_000_000;

    // Enough that batches are not always the same, few enough that many rows fit into memory.
    private const int BatchesKept = 4;
    private readonly DensityModel _model;
    private readonly Trainer _trainer;

    public StepTimer(ExperimentConfiguration configuration, ImageSet images, torch.Device device)
    {
        var training = configuration.Training with { Epochs = Endless };
        int kept = images.Count < training.BatchSize
            ? images.Count
            : training.BatchSize * Math.Min(BatchesKept, images.Count / training.BatchSize);
        _model = configuration.Model.Build(images.Shape, configuration.Seed, device: device);
        ModelPreparation.Start(_model, configuration, images);
        _trainer = new Trainer(
            _model,
            training,
            images.Slice(0, kept),
            configuration.Dataset.Preparation,
            configuration.Seed,
            configuration.Dataset.HorizontalFlips);
    }

    /// <summary>Takes a step, or on a CUDA device as many as are begun before one is read: milliseconds of one.</summary>
    public double Step()
    {
        using var enough = new CancellationTokenSource();
        long start = Stopwatch.GetTimestamp();
        double milliseconds = 0;
        int steps = 0;
        _trainer.RunEpoch(
            _ =>
            {
                milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                steps++;
                enough.Cancel();
            },
            enough.Token);
        return milliseconds / steps;
    }

    public void Dispose()
    {
        _trainer.Dispose();
        _model.Dispose();
    }
}

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
