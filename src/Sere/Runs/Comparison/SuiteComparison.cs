using Sere.Data;
using Sere.Storage;

namespace Sere.Runs.Comparison;

/// <summary>
/// A comparison from its plan to its table: trains each row, evaluates it, times the training steps, and writes table and
/// pictures. Stopped at any time, it goes on where it was; rows that are done are not run again.
/// </summary>
public sealed class SuiteComparison
{
    // As many turns as make the median steady on a machine with other work, in about the time of a short epoch.
    private const int StepTimeRounds = 21;
    private readonly ComparisonPlan _plan;
    private readonly DatasetSplits _splits;
    private readonly ComparisonFolder _folder;
    private readonly IComparisonObserver _observer;

    private SuiteComparison(
        ComparisonPlan plan, DatasetSplits splits, ComparisonFolder folder, IComparisonObserver observer)
    {
        _plan = plan;
        _splits = splits;
        _folder = folder;
        _observer = observer;
    }

    /// <summary>Starts a comparison in a folder, or goes on with the one that it holds.</summary>
    /// <param name="plan">What to compare.</param>
    /// <param name="splits">The images of the plan's reference; see <see cref="RunDataset"/>.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="observer">Is told how it goes.</param>
    /// <param name="command">The command line, to be kept; null where a program started it.</param>
    /// <exception cref="UsageException">The folder holds something else, or a comparison of other settings.</exception>
    public static SuiteComparison Open(
        ComparisonPlan plan,
        DatasetSplits splits,
        ComparisonFolder folder,
        IComparisonObserver observer,
        string? command = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(splits);
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(observer);
        Binarization.RequireGrey(splits.Train, plan.Reference.Configuration.Dataset.Preparation, splits.Name);
        folder.Open(plan.Settings(splits), command);
        return new SuiteComparison(plan, splits, folder, observer);
    }

    /// <summary>Runs what is not done, and writes the table.</summary>
    /// <param name="cancellation">Asks to stop: the row that is under way is saved first.</param>
    /// <exception cref="OperationCanceledException">It was stopped, and can go on.</exception>
    /// <exception cref="SereException">A row failed; the table of the others is written.</exception>
    public ComparisonReport Execute(CancellationToken cancellation = default)
    {
        var runner = new RowRunner(_splits, _folder, _observer);
        var results = new List<RowResult>();
        var failed = new List<FailedRow>();
        for (int i = 0; i < _plan.Rows.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var row = _plan.Rows[i];
            var result = RowResult.Read(_folder, row.Name, _observer.OnWarning);
            _observer.OnRow(row.Name, i + 1, _plan.Rows.Count, isDone: result is not null);
            try
            {
                results.Add(result ?? runner.Run(row, cancellation));
            }
            catch (SereException error) when (error is not RunFolderTakenException && error.InnerException is not IOException)
            {
                // What is wrong with one row must not keep the others waiting.
                _observer.OnWarning($"The row '{row.Name}' failed: {error.Message}");
                failed.Add(new FailedRow(row.Name, error.Message));
            }
        }

        if (results.Count > 0)
        {
            var report = ComparisonReport.Of(_plan, _splits, results, failed, Times(failed, cancellation));
            Write(report);
            if (failed.Count == 0)
            {
                return report;
            }
        }

        throw new SereException(
            $"{failed.Count} of {_plan.Rows.Count} rows failed, first '{failed[0].Model}': {failed[0].Reason}");
    }

    private StepTimes Times(IReadOnlyList<FailedRow> failed, CancellationToken cancellation)
    {
        PlannedRow[] rows =
        [
            .. _plan.Rows.Where(row => row.Baseline is null
                && failed.All(one => !string.Equals(one.Model, row.Name, StringComparison.Ordinal))),
        ];
        var reference = rows.Contains(_plan.Reference) ? _plan.Reference : rows.FirstOrDefault();
        if (StepTimes.Read(_folder.StepTimes, rows.Select(row => row.Name)) is { } kept)
        {
            return kept;
        }

        _observer.OnStepTimes();
        var times = reference is null
            ? StepTimes.None
            : StepTimes.Measure(rows, reference, _splits.Train, StepTimeRounds, cancellation);
        times.Write(_folder.StepTimes);
        return times;
    }

    private void Write(ComparisonReport report)
    {
        ComparisonPictures.Write(_folder, _plan, report, _observer.OnWarning);
        AtomicFile.WriteAllText(_folder.Csv, ComparisonTable.Csv(report));
        AtomicFile.WriteAllText(_folder.Json, report.ToJson() + "\n");
        AtomicFile.WriteAllText(_folder.Markdown, ComparisonTable.Markdown(report, _folder.ReadCommand()));
    }
}
