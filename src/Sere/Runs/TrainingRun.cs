using System.Diagnostics;
using Sere.Data;
using Sere.Evaluation;
using Sere.Models;
using Sere.Models.Configuration;
using Sere.Numerics;
using Sere.Storage;
using Sere.Training;
using TorchSharp;

namespace Sere.Runs;

/// <summary>
/// A run from its configuration to its report: trains, keeps checkpoints, then evaluates the best weights on the test
/// images and writes pictures and a report. Stopped at any time, it goes on where it was with the same bits.
/// </summary>
public sealed class TrainingRun : IDisposable
{
    private readonly ExperimentConfiguration _configuration;
    private readonly DatasetSplits _splits;
    private readonly RunFolder _folder;
    private readonly IRunObserver _observer;
    private readonly torch.Device _device;
    private readonly DensityModel _model;
    private readonly Trainer _trainer;
    private readonly CheckpointStore _checkpoints;
    private readonly FileStream _claim;
    private readonly List<RunMetrics> _metrics = [];
    private double _seconds;
    private double? _bestElbo;
    private int _bestEpoch;

    private TrainingRun(
        ExperimentConfiguration configuration,
        DatasetSplits splits,
        RunFolder folder,
        IRunObserver? observer,
        torch.Device? device)
    {
        NativeLibraries.EnsureLoaded();
        _configuration = configuration;
        _splits = splits;
        _folder = folder;
        _observer = observer ?? new SilentRunObserver();
        _device = device ?? torch.CPU;
        _checkpoints = new CheckpointStore(folder.Checkpoints);
        _model = ModelFactory.Create(
            configuration.Model, splits.Train.Shape.Dimensions, configuration.Seed, device: _device);
        using (var mean = splits.Train.MeanGrey())
        {
            _model.InitializeOutput(mean);
        }

        _trainer = new Trainer(
            _model, configuration.Training, splits.Train, configuration.Dataset.Binarization, configuration.Seed, _device);
        _claim = folder.Claim();
        AtomicFile.DeleteLeftovers(folder.Root);
        AtomicFile.DeleteLeftovers(folder.Checkpoints);
    }

    /// <summary>Starts a run in a folder that holds none.</summary>
    /// <param name="configuration">What to train.</param>
    /// <param name="splits">The data.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="command">The command line, to be kept; null where a program started the run.</param>
    /// <param name="observer">Is told how it goes; null for nobody.</param>
    /// <param name="device">Where to compute; null for the CPU.</param>
    /// <exception cref="UsageException">The folder holds a run already, or the model does not fit the data.</exception>
    public static TrainingRun Start(
        ExperimentConfiguration configuration,
        DatasetSplits splits,
        RunFolder folder,
        string? command = null,
        IRunObserver? observer = null,
        torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(splits);
        ArgumentNullException.ThrowIfNull(folder);
        folder.RequireNoRun();

        var shape = splits.Train.Shape;
        configuration = configuration with
        {
            Dataset = configuration.Dataset with
            {
                Shape = new ImageShapeConfiguration(shape.Channels, shape.Height, shape.Width),
            },
        };
        var run = new TrainingRun(configuration, splits, folder, observer, device);
        return run.DisposedOnFailure(() =>
        {
            // Asked again now that the folder is held: another process may have been quicker.
            folder.RequireNoRun();
            if (command is not null)
            {
                AtomicFile.WriteAllText(folder.Command, command + "\n");
            }

            AtomicFile.WriteAllText(folder.Configuration, ConfigurationFile.ToJson(configuration));
        });
    }

    /// <summary>Goes on with a run from its last good checkpoint.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="configuration">Its configuration.</param>
    /// <param name="splits">Its data.</param>
    /// <param name="observer">Is told how it goes.</param>
    /// <param name="device">Where to compute; null for the CPU.</param>
    /// <exception cref="SereException">Its checkpoints are all damaged, or the data has another shape.</exception>
    public static TrainingRun Resume(
        RunFolder folder,
        ExperimentConfiguration configuration,
        DatasetSplits splits,
        IRunObserver? observer = null,
        torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(splits);
        var shape = splits.Train.Shape;
        if (configuration.Dataset.Shape != new ImageShapeConfiguration(shape.Channels, shape.Height, shape.Width))
        {
            throw new SereException($"The run '{folder.Root}' was trained on images of another shape than {shape}.");
        }

        var run = new TrainingRun(configuration, splits, folder, observer, device);
        return run.DisposedOnFailure(run.Restore);
    }

    /// <summary>Trains to the end, evaluates, and writes pictures and the report.</summary>
    /// <param name="cancellation">Asks to stop: a checkpoint is written first.</param>
    /// <exception cref="OperationCanceledException">It was stopped, and can be resumed.</exception>
    /// <exception cref="SereException">Training diverged or a file could not be written.</exception>
    public SplitEvaluation Execute(CancellationToken cancellation = default)
    {
        Train(cancellation);
        using var model = LoadBest();
        RunPictures.Write(_folder, model, _splits.Test, _metrics);
        var options = new EvaluationOptions { ImportanceSamples = _configuration.Evaluation.ImportanceSamples };
        var evaluation = SplitEvaluation.Evaluate(
            model, _splits, DataSplit.Test, _configuration.Evaluation.Limit, options, _observer.OnEvaluation, cancellation);
        RunPictures.WriteKlPerLayer(_folder, evaluation);
        AtomicFile.WriteAllText(
            _folder.Report,
            RunReport.Write(_configuration, _folder.ReadCommand(), _metrics, _trainer.Parameters.Count, evaluation));
        return evaluation;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trainer.Dispose();
        _model.Dispose();
        _claim.Dispose();
    }

    /// <summary>A run that cannot be opened lets go of its folder.</summary>
    private TrainingRun DisposedOnFailure(Action open)
    {
        try
        {
            open();
            return this;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private void Restore()
    {
        if (_checkpoints.Restore(_trainer, _observer.OnWarning) is { } state)
        {
            _seconds = state.Seconds;
            _bestElbo = state.BestValidationElbo;
            _bestEpoch = state.BestEpoch;
            _metrics.AddRange(MetricsLog.Read(_folder.Metrics).Where(line => line.Epoch <= state.Progress.Epoch));
        }
    }

    private TrainedModel LoadBest()
    {
        try
        {
            return TrainedModel.Load(_folder.Root, CheckpointChoice.Best, _device, _observer.OnWarning);
        }
        catch (SereException error)
        {
            _observer.OnWarning($"{error.Message} The report is of the last weights.");
            return TrainedModel.Load(_folder.Root, CheckpointChoice.Last, _device, _observer.OnWarning);
        }
    }

    private void Train(CancellationToken cancellation)
    {
        _observer.OnStart(
            _trainer.Parameters.Count, _trainer.Progress.Epoch, _configuration.Training.Epochs, _trainer.StepsPerEpoch);
        if (_trainer.IsDone)
        {
            return;
        }

        using var tensorBoard = new TensorBoardLog(_folder.TensorBoard, _trainer.Progress.Step + 1);
        long start = Stopwatch.GetTimestamp();
        double before = _seconds;
        while (!_trainer.IsDone)
        {
            var epoch = RunEpoch(cancellation);
            _seconds = before + Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (epoch is null)
            {
                SaveCheckpoint();
                throw new OperationCanceledException(cancellation);
            }

            EndEpoch(epoch, before, start, tensorBoard);
        }
    }

    private EpochMetrics? RunEpoch(CancellationToken cancellation)
    {
        try
        {
            return _trainer.RunEpoch(_observer.OnStep, cancellation);
        }
        catch (SereException)
        {
            // Skipped steps leave the weights as they were: the last good ones are worth keeping.
            SaveCheckpoint();
            throw;
        }
    }

    private void EndEpoch(EpochMetrics epoch, double before, long start, TensorBoardLog tensorBoard)
    {
        double elbo = _trainer.WithEvaluationValues(() => LatentUsage.Measure(
            _model, _splits.Validation, _configuration.Dataset.Binarization, seed: 1, _device).Elbo);
        if (double.IsFinite(elbo) && (_bestElbo is null || elbo > _bestElbo))
        {
            _checkpoints.SaveBest(_trainer, epoch.Epoch, elbo);
            _bestElbo = elbo;
            _bestEpoch = epoch.Epoch;
        }

        _seconds = before + Stopwatch.GetElapsedTime(start).TotalSeconds;
        var metrics = new RunMetrics
        {
            Step = epoch.Step,
            Epoch = epoch.Epoch,
            Beta = epoch.Beta,
            LearningRate = epoch.LearningRate,
            Elbo = epoch.Elbo,
            LogLikelihoodTerm = epoch.LogLikelihoodTerm,
            KlPerLayer = epoch.KlPerLayer,
            GradientNorm = epoch.GradientNorm,
            SkippedSteps = epoch.SkippedSteps,
            ImagesPerSecond = epoch.ImagesPerSecond,
            ValidationElbo = elbo,
            Seconds = _seconds,
        };
        _metrics.Add(metrics);
        MetricsLog.Write(_folder.Metrics, _metrics);
        tensorBoard.Write(metrics);
        SaveCheckpoint();
        _observer.OnEpoch(metrics);
    }

    private void SaveCheckpoint() => _checkpoints.Save(_trainer, new RunState
    {
        Format = RunState.CurrentFormat,
        Digest = "",
        Progress = _trainer.Progress,
        OptimizerSteps = _trainer.Optimizer.Steps,
        BestValidationElbo = _bestElbo,
        BestEpoch = _bestEpoch,
        Seconds = _seconds,
    });
}
