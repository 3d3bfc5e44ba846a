using Sere.Data;
using Sere.Distributions;
using Sere.Evaluation;
using Sere.Models.Configuration;

namespace Sere.Runs.Comparison;

/// <summary>Trains and evaluates rows, each in a run folder of its own; goes on where a row was stopped.</summary>
internal sealed class RowRunner
{
    private readonly DatasetSplits _splits;
    private readonly ComparisonFolder _folder;
    private readonly IRunObserver _observer;

    public RowRunner(DatasetSplits splits, ComparisonFolder folder, IRunObserver observer)
    {
        _splits = splits;
        _folder = folder;
        _observer = observer;
    }

    /// <summary>Brings a row to its end and keeps its figures.</summary>
    /// <exception cref="OperationCanceledException">It was stopped, and can go on.</exception>
    /// <exception cref="SereException">It failed.</exception>
    public RowResult Run(PlannedRow row, CancellationToken cancellation)
    {
        (row.Baseline is { } baseline ? Score(row, baseline) : Train(row, cancellation)).Write(_folder);
        return RowResult.Read(_folder, row.Name, _observer.OnWarning)
            ?? throw new SereException($"The figures of the row '{row.Name}' were changed while they were written; run again.");
    }

    private RowResult Train(PlannedRow row, CancellationToken cancellation)
    {
        using var run = Open(row);
        var evaluation = run.Execute(scoreHeldOut: false, cancellation);
        var folder = _folder.Run(row.Name);
        var metrics = MetricsLog.Read(folder.Metrics, _observer.OnWarning);
        return new RowResult
        {
            Name = row.Name,
            Digest = "",
            Parameters = run.ParameterCount,
            LatentsPerLayer = run.LatentsPerLayer,
            IsBound = evaluation.Report.IsBound,
            KlPerLayer = evaluation.Report.KlPerLayer,
            ActiveUnits = evaluation.Report.ActiveUnits,
            Epochs = metrics.Count,
            BestEpoch = metrics.MaxBy(epoch => epoch.ValidationBound)?.Epoch ?? 0,
            SkippedSteps = metrics.Sum(epoch => (long)epoch.SkippedSteps),
            Seconds = metrics.Count == 0 ? 0 : metrics[^1].Seconds,
            Images = new PerImageFigures(evaluation.Likelihoods.LogLikelihood, evaluation.Likelihoods.Elbo),
        };
    }

    private TrainingRun Open(PlannedRow row)
    {
        var folder = _folder.Run(row.Name);
        try
        {
            if (!folder.HoldsRun)
            {
                return TrainingRun.Start(row.Configuration, _splits, folder, command: null, _observer);
            }

            var stored = folder.ReadConfiguration();
            var planned = RunDataset.Resolve(row.Configuration, _splits);
            if (stored.Dataset.Scale is null)
            {
                // A row of a time when a run did not say it.
                planned = planned with { Dataset = planned.Dataset with { Scale = null } };
            }

            return ConfigurationDifference.First(stored, planned) is { } difference
                ? throw new SereException($"'{folder.Configuration}' was changed: {difference}.")
                : TrainingRun.Resume(folder, stored, _splits, _observer);
        }
        catch (RunFolderTakenException error)
        {
            throw new RunFolderTakenException(
                $"Another process is comparing in '{_folder.Root}'; wait until it has ended, or name another folder with "
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
        var evaluation = row.Configuration.Evaluation;
        var images = _splits.Test.Slice(0, Math.Min(evaluation.Limit ?? _splits.Test.Count, _splits.Test.Count));
        var (logLikelihood, parameters) = baseline switch
        {
            SuiteBaseline.ChannelLogisticMixture => ChannelMixture(row, images),
            SuiteBaseline.FullGaussian => Gaussian(row, images),
            SuiteBaseline.IndependentPixels => Pixels(row, images),
        };
        _folder.Run(row.Name).CreateRoot();
        return new RowResult
        {
            Name = row.Name,
            Digest = "",
            Parameters = parameters,
            LatentsPerLayer = [],
            IsBound = false,
            KlPerLayer = [],
            ActiveUnits = 0,
            Epochs = 0,
            BestEpoch = 0,
            SkippedSteps = 0,
            Seconds = 0,
            Images = new PerImageFigures(logLikelihood, logLikelihood),
        };
    }

    // The seed of every evaluation, so that the binary images are the same.
    private (double[] LogLikelihood, long Parameters) Pixels(PlannedRow row, ImageSet images) => (
        IndependentPixels.LogLikelihood(
            _splits.Train, images, row.Configuration.Dataset.Preparation, new EvaluationOptions().Seed),
        images.Shape.Dimensions);

    private (double[] LogLikelihood, long Parameters) Gaussian(PlannedRow row, ImageSet images)
    {
        long dimensions = images.Shape.Dimensions;
        double alpha = ((LogitConfiguration)row.Configuration.Model.FlowPreprocessing!).Alpha;
        return (
            FullGaussian.LogLikelihood(
                _splits.Train,
                _splits.Validation,
                images,
                row.Configuration.Dataset.Preparation,
                alpha,
                new EvaluationOptions().Seed),
            dimensions * (dimensions + 3) / 2);
    }

    private (double[] LogLikelihood, long Parameters) ChannelMixture(PlannedRow row, ImageSet images)
    {
        int levels = ((LogisticMixtureDataConfiguration)row.Configuration.Model.DataLayer!).Levels;
        return (
            ChannelLogisticMixture.LogLikelihood(_splits.Train, images, levels),
            images.Shape.Channels * new LogisticMixtureSettings(1, ChannelLogisticMixture.Mixtures).ParametersPerPixel);
    }
}
