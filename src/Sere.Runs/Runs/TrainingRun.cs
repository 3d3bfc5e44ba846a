using System.Diagnostics;
using System.Runtime.InteropServices;
using Sere.Data;
using Sere.Distributed;
using Sere.Evaluation;
using Sere.Models;
using Sere.Numerics;
using Sere.Runs.Configuration;
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
    private readonly ProcessGroup _group;
    private readonly DensityModel _model;
    private readonly Trainer _trainer;
    private readonly CheckpointStore _checkpoints;
    private readonly CheckpointSchedule _schedule;
    private readonly FileStream? _claim;
    private readonly List<RunMetrics> _metrics = [];
    private double _seconds;
    private double? _bestBound;
    private int _bestEpoch;

    private TrainingRun(
        ExperimentConfiguration configuration,
        DatasetSplits splits,
        RunFolder folder,
        IRunObserver? observer,
        torch.Device? device,
        TimeProvider? clock,
        bool requireMemory,
        ProcessGroup? group)
    {
        Binarization.RequireGrey(splits.Train, configuration.Dataset.Preparation, splits.Name);
        ModelPreparation.RequireFit(configuration, splits);
        NativeLibraries.EnsureLoaded();
        _configuration = configuration;
        _splits = splits;
        _folder = folder;
        _observer = observer ?? new SilentRunObserver();
        _group = group ?? ProcessGroup.Alone;
        _checkpoints = new CheckpointStore(folder.Checkpoints, folder.Files)
        {
            Kept = configuration.Training.Checkpoints.Kept,
            Configuration = configuration,
        };
        _schedule = new CheckpointSchedule(configuration.Training.Checkpoints, clock ?? TimeProvider.System);
        _model = configuration.Model.Build(splits.Train.Shape, configuration.Seed, device: device);
        try
        {
            bool countsMemory = _model.Device.type == DeviceType.CPU;
            if (countsMemory)
            {
                new MemoryForecast(configuration).RequireFit(splits.Train);
            }

            if (_model.Device.type == DeviceType.CUDA)
            {
                CudaPrecisionScope.UseFloat32();
            }

            ModelPreparation.Start(_model, configuration, splits.Train);
            _trainer = new Trainer(
                _model, configuration.Training, splits.Train, configuration.Dataset.Preparation, configuration.Seed,
                configuration.Dataset.HorizontalFlips, _group)
            {
                OnRemark = _observer.OnWarning,
            };
            if (countsMemory && requireMemory)
            {
                new MemoryForecast(configuration).Require(_trainer, _model, splits);
            }

            _group.RequireSame(
                ("images", configuration.Dataset.Digest),
                ("configuration", ConfigurationFile.ToJson(configuration)),
                ("device", $"{_model.Device.type}"));
            if (_group.IsFirst)
            {
                _claim = folder.Claim();
                AtomicFile.DeleteLeftovers(folder.Root);
                AtomicFile.DeleteLeftovers(folder.Checkpoints);
                _checkpoints.DeleteOrphans();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Starts a run in a folder that holds none.</summary>
    /// <param name="configuration">What to train.</param>
    /// <param name="splits">The data.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="command">The command line, to be kept; null where a program started the run.</param>
    /// <param name="observer">Is told how it goes; null for nobody.</param>
    /// <param name="device">Where to compute; null for the CPU.</param>
    /// <param name="clock">What tells when a checkpoint is due; null for the machine's clock.</param>
    /// <param name="requireMemory">
    /// Whether a run on the CPU whose steps or evaluations do not fit into memory is refused. That takes the peaks of the
    /// whole process in small rehearsals: a program that does other work meanwhile is refused too early.
    /// </param>
    /// <param name="group">
    /// The processes that train together, all of which make this call; the first one alone writes. Null for this one
    /// alone.
    /// </param>
    /// <exception cref="UsageException">
    /// The folder holds a run already, the model does not fit the data, or the run does not fit into memory.
    /// </exception>
    public static TrainingRun Start(
        ExperimentConfiguration configuration,
        DatasetSplits splits,
        RunFolder folder,
        string? command = null,
        IRunObserver? observer = null,
        torch.Device? device = null,
        TimeProvider? clock = null,
        bool requireMemory = false,
        ProcessGroup? group = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(splits);
        ArgumentNullException.ThrowIfNull(folder);
        bool writes = group?.IsFirst != false;
        if (writes)
        {
            folder.RequireNoRun();
        }

        RunDataset.RequireElsewhere(splits.Name, folder.Root, "--run");
        configuration = RunDataset.Resolve(configuration, splits);
        var run = new TrainingRun(configuration, splits, folder, observer, device, clock, requireMemory, group);
        return run.DisposedOnFailure(() =>
        {
            run._trainer.Synchronize();
            if (!writes)
            {
                return;
            }

            // Asked again now that the folder is held: another process may have been quicker.
            folder.RequireNoRun();
            // First what makes the folder a run's: with anything else it would be somebody's, should the process end here.
            AtomicFile.WriteAllText(folder.Configuration, ConfigurationFile.ToJson(configuration), folder.Files);
            if (command is not null)
            {
                AtomicFile.WriteAllText(folder.Command, command + "\n", folder.Files);
            }

            foreach (string remark in DataRemarks.Of(configuration, splits))
            {
                run._observer.OnWarning(remark);
            }

            if (Math.Min(splits.Validation.Count, splits.Test.Count) < HeldOutScores.FewImages)
            {
                run._observer.OnWarning(
                    $"Only {splits.Validation.Count} validation and {splits.Test.Count} test images are held out of training, "
                    + "so the best epoch, mean log-likelihoods and percentiles are coarse; add images for finer ones.");
            }
        });
    }

    /// <summary>Goes on with a run from its last good checkpoint.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="configuration">Its configuration.</param>
    /// <param name="splits">Its data.</param>
    /// <param name="observer">Is told how it goes.</param>
    /// <param name="device">Where to compute; null for the CPU.</param>
    /// <param name="clock">What tells when a checkpoint is due; null for the machine's clock.</param>
    /// <param name="requireMemory">
    /// Whether a run on the CPU whose steps or evaluations do not fit into memory is refused. That takes the peaks of the
    /// whole process in small rehearsals: a program that does other work meanwhile is refused too early.
    /// </param>
    /// <param name="group">
    /// The processes that train together, all of which make this call; the first one alone writes. Null for this one
    /// alone.
    /// </param>
    /// <exception cref="SereException">
    /// Its checkpoints are all damaged, or the images or the configuration are not those it was trained with.
    /// </exception>
    public static TrainingRun Resume(
        RunFolder folder,
        ExperimentConfiguration configuration,
        DatasetSplits splits,
        IRunObserver? observer = null,
        torch.Device? device = null,
        TimeProvider? clock = null,
        bool requireMemory = false,
        ProcessGroup? group = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(splits);
        RunDataset.RequireSame(configuration, splits);
        var run = new TrainingRun(configuration, splits, folder, observer, device, clock, requireMemory, group);
        return run.DisposedOnFailure(() =>
        {
            if (run._group.IsFirst)
            {
                run.Restore();
            }

            run._trainer.Synchronize();
        });
    }

    /// <summary>Trains to the end, evaluates, and writes pictures and the report.</summary>
    /// <param name="cancellation">Asks to stop: a checkpoint is written first.</param>
    /// <exception cref="OperationCanceledException">It was stopped, and can be resumed.</exception>
    /// <exception cref="SereException">
    /// Training diverged, no epoch had a finite validation ELBO, a file could not be written, or native code failed, which
    /// is the inner <see cref="ExternalException"/>.
    /// </exception>
    public SplitEvaluation Execute(CancellationToken cancellation = default) => Execute(scoreHeldOut: true, cancellation);

    /// <summary>The model's parameters.</summary>
    internal long ParameterCount => _trainer.Parameters.Count;

    /// <summary>Is told when a part of a step has ended.</summary>
    internal Action<TrainingPhase>? OnPhase
    {
        set => _trainer.OnPhase = value;
    }

    /// <summary>Latent variables of each layer.</summary>
    internal IReadOnlyList<int> LatentsPerLayer => _model.LatentsPerLayer;

    /// <summary>As <see cref="Execute(CancellationToken)"/>; scores of held-out images take as long as the evaluation.</summary>
    internal SplitEvaluation Execute(bool scoreHeldOut, CancellationToken cancellation)
    {
        try
        {
            return Run(scoreHeldOut, cancellation);
        }
        catch (ExternalException error)
        {
            throw new SereException(
                $"Native code failed after step {_trainer.Progress.Step} of '{_folder.Root}' "
                + $"({error.Message.Split('\n')[0].Trim(' ', '.')}); the run can go on from its last checkpoint.",
                error);
        }
    }

    private SplitEvaluation Run(bool scoreHeldOut, CancellationToken cancellation)
    {
        Train(cancellation);
        if (_bestBound is null && _group.IsFirst)
        {
            throw new SereException(
                "There is no model to evaluate, because the bound of the validation images was not finite after any epoch; "
                + "bring the data near the range 0 to 1, or start a new run with a lower training.optimizer.learningRate.");
        }

        return new RunResults(_folder, _configuration, _splits, _observer, _model.Device, _group)
            .Write(_metrics, _trainer.Parameters.Count, scoreHeldOut, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Some are not there where the constructor failed.
        _trainer?.Dispose();
        _model.Dispose();
        _claim?.Dispose();
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
            _checkpoints.DeleteOlderThan(state);
            _seconds = state.Seconds;
            _bestBound = state.BestValidationElbo;
            _bestEpoch = state.BestEpoch;
            _metrics.AddRange(MetricsLog.Read(_folder.Metrics, _observer.OnWarning)
                .Where(line => line.Epoch <= state.Progress.Epoch));
            if (_bestBound is not null && !_trainer.IsDone && !_checkpoints.HasSoundBest(_observer.OnWarning))
            {
                _bestBound = null;
            }
        }
    }

    /// <summary>Trains to the end, without evaluation and pictures.</summary>
    internal void Train(CancellationToken cancellation)
    {
        _observer.OnStart(
            _trainer.Parameters.Count, _trainer.Progress.Epoch, _configuration.Training.Epochs, _trainer.StepsPerEpoch);
        if (_trainer.IsDone)
        {
            return;
        }

        using var tensorBoard = _group.IsFirst
            ? new TensorBoardLog(_folder.TensorBoard, _trainer.Progress.Step + 1)
            : null;
        long start = Stopwatch.GetTimestamp();
        double before = _seconds;
        while (!_trainer.IsDone)
        {
            var epoch = RunEpoch(progress =>
            {
                _seconds = before + Stopwatch.GetElapsedTime(start).TotalSeconds;
                _observer.OnStep(progress);
                if (_group.IsFirst && _schedule.IsDue)
                {
                    SaveCheckpoint();
                }
            }, cancellation);
            if (epoch is null)
            {
                SaveCheckpoint();
                _group.Meet();
                throw new OperationCanceledException(cancellation);
            }

            if (tensorBoard is not null)
            {
                EndEpoch(epoch, before, start, tensorBoard);
            }
        }
    }

    private EpochMetrics? RunEpoch(Action<TrainingProgress> onStep, CancellationToken cancellation)
    {
        try
        {
            return _trainer.RunEpoch(onStep, cancellation);
        }
        catch (SereException) when (_trainer.IsBetweenSteps)
        {
            // Skipped steps leave the weights as they were: the last good ones are worth keeping.
            SaveCheckpoint();
            throw;
        }
        catch (ExternalException) when (_trainer.IsBetweenSteps)
        {
            // The failed step has changed nothing. Had it, the run would go on from an earlier checkpoint.
            SaveCheckpoint();
            throw;
        }
    }

    private void EndEpoch(EpochMetrics epoch, double before, long start, TensorBoardLog tensorBoard)
    {
        _trainer.FitStatistics();
        var (elbo, weighted) = _trainer.WithEvaluationValues(
            () => RunValidation.Measure(_model, _splits.Validation, _configuration));
        double bound = weighted ?? elbo;
        if (double.IsFinite(bound) && (_bestBound is null || bound > _bestBound))
        {
            _checkpoints.SaveBest(_trainer, epoch.Epoch, elbo);
            _bestBound = bound;
            _bestEpoch = epoch.Epoch;
        }

        _seconds = before + Stopwatch.GetElapsedTime(start).TotalSeconds;
        var metrics = RunMetrics.Of(epoch, elbo, weighted, _seconds);
        _metrics.Add(metrics);
        MetricsLog.Write(_folder.Metrics, _metrics, _folder.Files);
        tensorBoard.Write(metrics);
        if (_schedule.IsDueAfter(epoch.Epoch) || _trainer.IsDone)
        {
            SaveCheckpoint();
        }

        _observer.OnEpoch(metrics);
    }

    private void SaveCheckpoint()
    {
        if (!_group.IsFirst)
        {
            return;
        }

        _checkpoints.Save(_trainer, new RunState
        {
            Format = RunState.CurrentFormat,
            Digest = "",
            Progress = _trainer.Progress,
            OptimizerSteps = _trainer.Optimizer.Steps,
            BestValidationElbo = _bestBound,
            BestEpoch = _bestEpoch,
            Seconds = _seconds,
        });
        _schedule.Saved();
    }
}

/// <summary>What the validation images say of an epoch.</summary>
internal static class RunValidation
{
    /// <summary>The ELBO by one draw an image and, where the run trains on several samples, the bound of as many.</summary>
    public static (double Elbo, double? Weighted) Measure(
        DensityModel model, ImageSet images, ExperimentConfiguration configuration)
    {
        var rule = configuration.Dataset.Preparation;
        int samples = configuration.Training.ImportanceSamples;
        double elbo = LatentUsage.Measure(model, images, rule, seed: 1).Elbo;
        return samples == 1
            ? (elbo, null)
            : (elbo, ImportanceSampledLikelihood.Evaluate(
                model, images, rule, new EvaluationOptions { ImportanceSamples = samples }).LogLikelihood.Average());
    }
}
