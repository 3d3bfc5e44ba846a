using Sere.Data;
using Sere.Distributed;
using Sere.Runs.Configuration;
using Sere.Storage;
using TorchSharp;

namespace Sere.Runs.Comparison;

/// <summary>
/// A comparison from its plan to its table: trains each row, evaluates it, times the training steps, and writes table and
/// pictures. Stopped at any time, it goes on where it was; rows that are done are not run again.
/// </summary>
internal sealed class SuiteComparison(
    ComparisonPlan plan,
    DatasetSplits splits,
    ComparisonFolder folder,
    IComparisonObserver observer,
    torch.Device device,
    ProcessGroup group)
{
    // As many turns as make the median steady on a machine with other work, in about the time of a short epoch.
    private const int StepTimeRounds = 21;

    /// <summary>Starts a comparison in a folder, or goes on with the one that it holds.</summary>
    public static SuiteComparison Open(
        ComparisonPlan plan,
        DatasetSplits splits,
        ComparisonFolder folder,
        IComparisonObserver observer,
        string? command = null,
        torch.Device? device = null,
        ProcessGroup? group = null)
    {
        group ??= ProcessGroup.Alone;
        Binarization.RequireGrey(splits.Train, plan.Reference.Configuration.Dataset.Preparation, splits.Name);
        RunDataset.RequireElsewhere(splits.Name, folder.Root, "--out");
        var settings = plan.Settings(splits);
        group.RequireSame(("suite", settings.ToJsonString()));
        if (group.IsFirst)
        {
            folder.Open(settings, command);
        }

        group.Meet();
        return new SuiteComparison(plan, splits, folder, observer, device ?? torch.CPU, group);
    }

    /// <summary>Trains and evaluates what is left, and writes the table.</summary>
    /// <returns>The table; null in a process that had some of the rows only.</returns>
    public ComparisonReport? Execute(CancellationToken cancellation = default)
    {
        var runner = new RowRunner(splits, folder, observer, device);
        if (group.Count > 1)
        {
            RunShare(runner, cancellation);
            group.Meet();
            if (!group.IsFirst)
            {
                return null;
            }
        }

        var results = new List<RowResult>();
        var failed = new List<FailedRow>();
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var row = plan.Rows[i];
            var result = RowResult.Read(folder, row.Name, observer.OnWarning);
            observer.OnRow(row.Name, i + 1, plan.Rows.Count, isDone: result is not null);
            try
            {
                results.Add(result ?? runner.Run(row, cancellation));
            }
            catch (SereException error) when (error is not RunFolderTakenException && error.InnerException is not IOException)
            {
                // What is wrong with one row must not keep the others waiting.
                observer.OnWarning($"The row '{row.Name}' failed: {error.Message}");
                failed.Add(new FailedRow(row.Name, error.Message));
            }
        }

        if (results.Count > 0)
        {
            var report = ComparisonReport.Of(plan, splits, results, failed, Times(failed, cancellation));
            Write(report);
            if (failed.Count == 0)
            {
                return report;
            }
        }

        throw new SereException(
            $"{failed.Count} of {plan.Rows.Count} rows failed, first '{failed[0].Model}': {failed[0].Reason}");
    }

    /// <summary>Of as many rows as there are processes, one is this process's.</summary>
    private void RunShare(RowRunner runner, CancellationToken cancellation)
    {
        for (int i = group.Rank; i < plan.Rows.Count; i += group.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            var row = plan.Rows[i];
            bool isDone = RowResult.Read(folder, row.Name, observer.OnWarning) is not null;
            observer.OnRow(row.Name, i + 1, plan.Rows.Count, isDone);
            try
            {
                _ = isDone ? null : runner.Run(row, cancellation);
            }
            catch (SereException)
            {
                // The first process runs it again, and says what is wrong with it.
            }
        }
    }

    private StepTimes Times(IReadOnlyList<FailedRow> failed, CancellationToken cancellation)
    {
        PlannedRow[] rows =
        [
            .. plan.Rows.Where(row => row.Baseline is null
                && failed.All(one => !string.Equals(one.Model, row.Name, StringComparison.Ordinal))),
        ];
        var reference = rows.Contains(plan.Reference) ? plan.Reference : rows.FirstOrDefault();
        if (StepTimes.Read(folder.StepTimes, rows.Select(row => row.Name), device) is { } kept)
        {
            return kept;
        }

        observer.OnStepTimes();
        var times = reference is null
            ? StepTimes.None
            : StepTimes.Measure(rows, reference, splits.Train, StepTimeRounds, device, cancellation);
        times.Write(folder.StepTimes);
        return times;
    }

    private void Write(ComparisonReport report)
    {
        ComparisonPictures.Write(folder, plan, report, observer.OnWarning);
        AtomicFile.WriteAllText(folder.Csv, ComparisonTable.Csv(report));
        AtomicFile.WriteAllText(folder.Json, report.ToJson() + "\n");
        AtomicFile.WriteAllText(folder.Markdown, ComparisonTable.Markdown(report, folder.ReadCommand()));
    }
}

/// <summary>Is told how a comparison goes; of the row that is under way as of any run.</summary>
internal interface IComparisonObserver : IRunObserver
{
    void OnRow(string name, int number, int of, bool isDone);

    void OnStepTimes();
}

/// <summary>Trains and evaluates rows, each in a run folder of its own; goes on where a row was stopped.</summary>
internal sealed class RowRunner(
    DatasetSplits splits, ComparisonFolder comparison, IRunObserver observer, torch.Device device)
{
    public RowResult Run(PlannedRow row, CancellationToken cancellation)
    {
        (row.Baseline is { } baseline ? Score(row, baseline) : Train(row, cancellation)).Write(comparison);
        return RowResult.Read(comparison, row.Name, observer.OnWarning)
            ?? throw new SereException($"The figures of the row '{row.Name}' were changed while they were written; run again.");
    }

    private RowResult Train(PlannedRow row, CancellationToken cancellation)
    {
        using var run = Open(row);
        var evaluation = run.Execute(scoreHeldOut: false, cancellation);
        var folder = comparison.Run(row.Name);
        var metrics = MetricsLog.Read(folder.Metrics, observer.OnWarning);
        return new RowResult(
            Name: row.Name,
            Digest: "",
            Parameters: run.ParameterCount,
            LatentsPerLayer: run.LatentsPerLayer,
            IsBound: evaluation.Report.IsBound,
            KlPerLayer: evaluation.Report.KlPerLayer,
            ActiveUnits: evaluation.Report.ActiveUnits,
            Epochs: metrics.Count,
            BestEpoch: metrics.MaxBy(epoch => epoch.ValidationBound)?.Epoch ?? 0,
            SkippedSteps: metrics.Sum(epoch => (long)epoch.SkippedSteps),
            Seconds: metrics.Count == 0 ? 0 : metrics[^1].Seconds)
        {
            Images = new PerImageFigures(evaluation.Likelihoods.LogLikelihood, evaluation.Likelihoods.Elbo),
            Detection = Detection(row, cancellation),
        };
    }

    private TrainingRun Open(PlannedRow row)
    {
        var folder = comparison.Run(row.Name);
        try
        {
            if (!folder.HoldsRun)
            {
                return TrainingRun.Start(row.Configuration, splits, folder, observer: observer, device: device, requireMemory: true);
            }

            var stored = folder.ReadConfiguration();
            var planned = RunDataset.Resolve(row.Configuration, splits);
            if (stored.Dataset.Scale is null)
            {
                // A row of a time when a run did not say it.
                planned = planned with { Dataset = planned.Dataset with { Scale = null } };
            }

            return ConfigurationDifference.First(stored, planned) is { } difference
                ? throw new SereException($"'{folder.Configuration}' was changed: {difference}.")
                : TrainingRun.Resume(folder, stored, splits, observer, device, requireMemory: true);
        }
        catch (RunFolderTakenException error)
        {
            throw new RunFolderTakenException(
                $"Another process is comparing in '{comparison.Root}'; wait until it has ended, or name another folder with "
                + "--out.",
                error);
        }
        catch (SereException error) when (folder.HoldsRun || Directory.Exists(folder.Checkpoints))
        {
            throw new SereException(
                $"{error.Message} To train the row '{row.Name}' anew, remove '{folder.Root}' and run the comparison again.",
                error);
        }
    }

    private RowResult Score(PlannedRow row, SuiteBaseline baseline)
    {
        var images = Evaluated(row, splits.Test);
        var all = splits.Defects is { } defects ? ImageSet.Join([images, Evaluated(row, defects)]) : images;
        var scores = BaselineScores.Of(baseline, row.Configuration, splits, all);
        double[] logLikelihood = scores.LogLikelihood[..images.Count];
        comparison.Run(row.Name).CreateRoot();
        return new RowResult(
            Name: row.Name,
            Digest: "",
            Parameters: scores.Parameters,
            LatentsPerLayer: [],
            IsBound: scores.IsBound,
            KlPerLayer: [],
            ActiveUnits: 0,
            Epochs: 0,
            BestEpoch: 0,
            SkippedSteps: 0,
            Seconds: 0)
        {
            Images = new PerImageFigures(logLikelihood, logLikelihood),
            Detection = splits.Defects is null
                ? null
                : DefectDetection.Of(scores.Novelty[images.Count..], scores.Novelty[..images.Count]),
        };
    }

    private DefectDetection? Detection(PlannedRow row, CancellationToken cancellation)
    {
        if (splits.Defects is null)
        {
            return null;
        }

        // What is told apart must not tell what is normal: of the images held out of training, those of validation do.
        var held = splits with { Test = splits.Test.Slice(0, 0) };
        var results = new RunResults(comparison.Run(row.Name), row.Configuration, splits, observer, device);
        using var model = results.LoadBest();
        if (results.MeasureNormal(
            model, held, $"The row '{row.Name}' has no verdict on images with defects", cancellation) is not { } normal)
        {
            return null;
        }

        model.Normal = normal;
        return DefectDetection.Of(Novelty(splits.Defects), Novelty(splits.Test));

        double[] Novelty(ImageSet images) =>
            [.. model.Verdict(Evaluated(row, images), cancellation: cancellation).Select(verdict => verdict.Novelty)];
    }

    private static ImageSet Evaluated(PlannedRow row, ImageSet images) =>
        ComparisonPlan.Evaluated(images, row.Configuration.Evaluation.Limit);
}
