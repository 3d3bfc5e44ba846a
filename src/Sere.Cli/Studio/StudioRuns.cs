using System.Diagnostics;
using Sere.Runs;
using Sere.Runs.Comparison;
using Sere.Runs.Configuration;

namespace Sere.Cli.Studio;

/// <summary>The runs and comparisons below a folder. A run's name here is its place below it, and nothing else is ever opened.</summary>
internal sealed class StudioRuns(string root)
{
    private const int Depth = 6;
    private const int MostFolders = 20_000;
    private readonly Lock _gate = new();

    // A search of many folders is not repeated as often as one of few.
    private TimeSpan _freshness;
    private readonly Dictionary<string, (DateTime Written, IReadOnlyList<RunMetrics> Epochs)> _metrics =
        new(StringComparer.Ordinal);

    private readonly Dictionary<string, (DateTime Written, ExperimentConfiguration Configuration)> _configurations =
        new(StringComparer.Ordinal);

    private (DateTime When, IReadOnlyList<string> Runs, IReadOnlyList<string> Comparisons)? _found;

    /// <summary>The folder, as it was given.</summary>
    public string Root => root;

    /// <summary>All runs, those that were written last first. One that cannot be read says why.</summary>
    public IReadOnlyList<RunSummary> Summaries() => [.. Find().Runs.Select(Summarize).OrderByDescending(run => run.Written)];

    /// <summary>The comparisons, by name.</summary>
    public IReadOnlyList<string> Comparisons() => Find().Comparisons;

    /// <summary>A run that was found.</summary>
    /// <exception cref="SereException">There is none of this name.</exception>
    public RunFolder Run(string? id) => Find().Runs.Contains(id, StringComparer.Ordinal)
        ? RunFolder.Existing(Place(id!))
        : throw new SereException($"There is no run '{Choice.Short(id ?? "")}' below the studio's folder.");

    /// <summary>A comparison that was found.</summary>
    /// <exception cref="SereException">There is none of this name.</exception>
    public ComparisonFolder Comparison(string? id) => Find().Comparisons.Contains(id, StringComparer.Ordinal)
        ? new ComparisonFolder(Place(id!))
        : throw new SereException($"There is no comparison '{Choice.Short(id ?? "")}' below the studio's folder.");

    /// <summary>The epochs of a run; what cannot be read ends them.</summary>
    public IReadOnlyList<RunMetrics> Metrics(RunFolder run)
    {
        // Of a file that is not there this is a time too.
        var written = File.GetLastWriteTimeUtc(run.Metrics);
        lock (_gate)
        {
            if (!_metrics.TryGetValue(run.Root, out var kept) || kept.Written != written)
            {
                kept = (written, MetricsLog.Read(run.Metrics, _ => { }));
                _metrics[run.Root] = kept;
            }

            return kept.Epochs;
        }
    }

    /// <summary>The configuration of a run.</summary>
    /// <exception cref="SereException">It is missing or damaged.</exception>
    public ExperimentConfiguration Configuration(RunFolder run)
    {
        var written = File.GetLastWriteTimeUtc(run.Configuration);
        lock (_gate)
        {
            if (!_configurations.TryGetValue(run.Root, out var kept) || kept.Written != written)
            {
                kept = (written, run.ReadConfiguration());
                _configurations[run.Root] = kept;
            }

            return kept.Configuration;
        }
    }

    /// <summary>What is to be seen of a run at a glance.</summary>
    public RunSummary Summarize(string id)
    {
        try
        {
            var run = RunFolder.Existing(Place(id));
            var configuration = Configuration(run);
            var epochs = Metrics(run);
            var last = epochs.Count > 0 ? epochs[^1] : null;
            int of = configuration.Training.Epochs;
            var written = new[] { run.Metrics, run.Configuration, run.Report }.Where(File.Exists).Select(File.GetLastWriteTimeUtc).DefaultIfEmpty().Max();
            double seconds = last is { Epoch: > 0 } ? last.Seconds / last.Epoch : 0;
            var state = StateOf(run, last?.Epoch ?? 0, of, seconds, written);
            return new RunSummary(id, configuration.Name)
            {
                Model = configuration.Model.Kind,
                Dataset = configuration.Dataset.Name,
                State = state,
                Epoch = last?.Epoch ?? 0,
                Epochs = of,
                Elbo = last?.Elbo,
                ValidationElbo = epochs.Count > 0 ? epochs.Max(epoch => epoch.ValidationElbo) : null,
                ImagesPerSecond = last?.ImagesPerSecond,
                SecondsLeft = state == RunActivity.Training && last is not null ? (of - last.Epoch) * seconds : null,
                Seconds = last?.Seconds,
                Written = written,
            };
        }
        catch (Exception error)
        {
            // Whatever one run holds, the others are shown.
            return new RunSummary(id, id) { State = RunActivity.Damaged, Error = error.Message };
        }
    }

    /// <summary>By what the run has written: nothing that would disturb it is tried.</summary>
    private static RunActivity StateOf(RunFolder run, int epoch, int of, double secondsAnEpoch, DateTime written)
    {
        if (File.Exists(run.Report) && epoch >= of)
        {
            return RunActivity.Finished;
        }

        // Validation, a slower machine, and a last evaluation take their time too.
        var patience = TimeSpan.FromSeconds(120 + (4 * Math.Min(secondsAnEpoch, 86_400)));
        return DateTime.UtcNow - written < patience ? RunActivity.Training : RunActivity.Stopped;
    }

    private string Place(string id) => string.Equals(id, ".", StringComparison.Ordinal) ? root : Path.Combine(root, id);

    private (DateTime When, IReadOnlyList<string> Runs, IReadOnlyList<string> Comparisons) Find()
    {
        lock (_gate)
        {
            if (_found is not { } found || DateTime.UtcNow - found.When > _freshness)
            {
                long start = Stopwatch.GetTimestamp();
                var runs = new List<string>();
                var comparisons = new List<string>();
                Search(runs, comparisons);
                found = (DateTime.UtcNow, runs, comparisons);
                _freshness = TimeSpan.FromSeconds(Math.Max(2, 20 * Stopwatch.GetElapsedTime(start).TotalSeconds));
                _found = found;
            }

            return found;
        }
    }

    private void Search(List<string> runs, List<string> comparisons)
    {
        var look = new EnumerationOptions
        {
            IgnoreInaccessible = true,
            AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Hidden | FileAttributes.System,
        };
        var open = new Queue<(string Path, string Id, int Depth)>([(root, ".", 0)]);
        for (int folders = 0; folders < MostFolders && open.TryDequeue(out var next); folders++)
        {
            if (File.Exists(Path.Combine(next.Path, "config.json")))
            {
                runs.Add(next.Id);
                continue;
            }

            if (File.Exists(Path.Combine(next.Path, "suite.json")))
            {
                comparisons.Add(next.Id);
            }

            if (next.Depth == Depth)
            {
                continue;
            }

            foreach (string folder in Directory.EnumerateDirectories(next.Path, "*", look).Order(StringComparer.Ordinal))
            {
                string name = Path.GetFileName(folder);
                open.Enqueue((folder, next.Depth == 0 ? name : $"{next.Id}/{name}", next.Depth + 1));
            }
        }
    }
}

/// <summary>What a run is doing, as far as its files tell.</summary>
internal enum RunActivity
{
    Training,

    Finished,

    /// <summary>Its epochs are not all trained, and it has written nothing for some time.</summary>
    Stopped,

    /// <summary>It cannot be read.</summary>
    Damaged,
}

/// <summary>A run at a glance, in nats per image.</summary>
/// <param name="Id">Its place below the studio's folder.</param>
/// <param name="Name">What its configuration calls it.</param>
internal sealed record RunSummary(string Id, string Name)
{
    public string Model { get; init; } = "";

    public string Dataset { get; init; } = "";

    public required RunActivity State { get; init; }

    public int Epoch { get; init; }

    public int Epochs { get; init; }

    public double? Elbo { get; init; }

    /// <summary>The best of all epochs.</summary>
    public double? ValidationElbo { get; init; }

    public double? ImagesPerSecond { get; init; }

    public double? SecondsLeft { get; init; }

    public double? Seconds { get; init; }

    public DateTime Written { get; init; }

    public string? Error { get; init; }
}
