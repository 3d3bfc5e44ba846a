using System.Diagnostics;
using Sere.Runs;
using TorchSharp;

namespace Sere.Cli.Studio;

/// <summary>
/// The models that are in use. One loads when it is first asked for, computes one thing at a time, is loaded again when its run has
/// better weights, and goes when nobody has used it for some time.
/// </summary>
internal sealed class ModelPool : IDisposable
{
    /// <summary>How many computations may wait for one model.</summary>
    private const int MostWaiting = 16;

    private const int MostLoaded = 4;
    private readonly Lazy<torch.Device>? _device;
    private readonly TimeSpan _lifetime;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Timer _sweeper;

    /// <summary>A pool that holds no model.</summary>
    /// <param name="device">Where models compute, asked for when the first one loads; null for the CPU.</param>
    /// <param name="lifetime">How long a model stays that nobody uses.</param>
    public ModelPool(Lazy<torch.Device>? device, TimeSpan lifetime)
    {
        _device = device;
        _lifetime = lifetime;
        var pause = TimeSpan.FromTicks(Math.Max(lifetime.Ticks / 4, TimeSpan.TicksPerSecond / 10));
        _sweeper = new Timer(_ => Sweep(), null, pause, pause);
    }

    /// <summary>How many models are loaded.</summary>
    public int Loaded
    {
        get
        {
            lock (_gate)
            {
                return _entries.Values.Count(entry => entry.Model is not null);
            }
        }
    }

    /// <summary>Computes with the model of a run, when all who asked before have their answers.</summary>
    /// <param name="run">The run.</param>
    /// <param name="kind">What kind of work it is: a verdict takes longer than a sample.</param>
    /// <param name="onWaiting">Told how many are before this one, and for about how many seconds.</param>
    /// <param name="compute">What is computed.</param>
    /// <param name="cancellation">Asks to stop, or to wait no longer.</param>
    /// <exception cref="BusyException">Too many wait already.</exception>
    /// <exception cref="SereException">The model cannot be loaded, or the computation fails.</exception>
    public async Task<T> UseAsync<T>(
        RunFolder run, string kind, Action<int, double> onWaiting, Func<TrainedModel, T> compute, CancellationToken cancellation)
    {
        Entry entry;
        int before;
        double seconds;
        lock (_gate)
        {
            entry = _entries.TryGetValue(run.Root, out var kept) ? kept : _entries[run.Root] = new Entry();
            before = entry.Asked.Count;
            seconds = entry.Asked.Sum(entry.SecondsOf);
            if (before >= MostWaiting)
            {
                throw new BusyException(
                    $"{before} computations wait for this model already, for about {seconds:F0} s; try again later.");
            }

            entry.Asked.Add(kind);
        }

        try
        {
            if (before > 0)
            {
                onWaiting(before, seconds);
            }

            await entry.Turn.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                return await Task.Run(
                    () =>
                    {
                        var model = Load(entry, run);
                        long start = Stopwatch.GetTimestamp();
                        T result = compute(model);
                        lock (_gate)
                        {
                            entry.Took(kind, Stopwatch.GetElapsedTime(start).TotalSeconds);
                        }

                        return result;
                    },
                    cancellation)
                    .ConfigureAwait(false);
            }
            finally
            {
                entry.Used = Stopwatch.GetTimestamp();
                entry.Turn.Release();
            }
        }
        finally
        {
            lock (_gate)
            {
                entry.Asked.Remove(kind);
            }
        }
    }

    public void Dispose()
    {
        _sweeper.Dispose();
        lock (_gate)
        {
            foreach (var entry in _entries.Values)
            {
                // What still computes ends with the process, and its model with it.
                ForgetUnlessUsed(entry);
            }
        }
    }

    private TrainedModel Load(Entry entry, RunFolder run)
    {
        // The weights are replaced as a whole, which the folder's time tells.
        var written = Directory.Exists(run.Checkpoints) ? Directory.GetLastWriteTimeUtc(run.Checkpoints) : DateTime.MinValue;
        if (entry.Model is null || entry.Written != written)
        {
            Forget(entry);
            MakeRoom();
            entry.Model = TrainedModel.Load(run.Root, CheckpointChoice.Best, _device?.Value);
            entry.Written = written;
        }

        return entry.Model;
    }

    /// <summary>Where too many are loaded, the one goes that has not been used for longest.</summary>
    private void MakeRoom()
    {
        Entry[] idle;
        lock (_gate)
        {
            idle = [.. _entries.Values.Where(entry => entry is { Model: not null, Asked.Count: 0 }).OrderBy(entry => entry.Used)];
        }

        foreach (var entry in idle.Take(Loaded - MostLoaded + 1))
        {
            ForgetUnlessUsed(entry);
        }
    }

    private void Sweep()
    {
        Entry[] old;
        lock (_gate)
        {
            old = [.. _entries.Values.Where(entry =>
                entry is { Model: not null, Asked.Count: 0 } && Stopwatch.GetElapsedTime(entry.Used) > _lifetime)];
        }

        Array.ForEach(old, ForgetUnlessUsed);
    }

    private static void ForgetUnlessUsed(Entry entry)
    {
        if (entry.Turn.Wait(0))
        {
            Forget(entry);
            entry.Turn.Release();
        }
    }

    private static void Forget(Entry entry)
    {
        entry.Model?.Dispose();
        entry.Model = null;
    }

    private sealed class Entry
    {
        private readonly Dictionary<string, double> _seconds = new(StringComparer.Ordinal);

        public SemaphoreSlim Turn { get; } = new(1);

        public TrainedModel? Model { get; set; }

        public DateTime Written { get; set; }

        public long Used { get; set; } = Stopwatch.GetTimestamp();

        /// <summary>The kinds of the computations that run or wait.</summary>
        public List<string> Asked { get; } = [];

        /// <summary>How long one of a kind takes of late; a second where none is known.</summary>
        public double SecondsOf(string kind) => _seconds.GetValueOrDefault(kind, 1);

        public void Took(string kind, double seconds) =>
            _seconds[kind] = _seconds.TryGetValue(kind, out double before) ? (before + seconds) / 2 : seconds;
    }
}

/// <summary>Too much has been asked at once.</summary>
internal sealed class BusyException(string message) : SereException(message);
