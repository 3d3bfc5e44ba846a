using System.Diagnostics;
using System.Runtime.InteropServices;
using Sere.Data;
using Sere.Evaluation;
using Sere.Models;
using Sere.Networks;
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
    private readonly DensityModel _model;
    private readonly Trainer _trainer;
    private readonly CheckpointStore _checkpoints;
    private readonly CheckpointSchedule _schedule;
    private readonly FileStream _claim;
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
        bool requireMemory)
    {
        Binarization.RequireGrey(splits.Train, configuration.Dataset.Preparation, splits.Name);
        ModelPreparation.RequireFit(configuration, splits);
        NativeLibraries.EnsureLoaded();
        _configuration = configuration;
        _splits = splits;
        _folder = folder;
        _observer = observer ?? new SilentRunObserver();
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
                configuration.Dataset.HorizontalFlips)
            {
                OnRemark = _observer.OnWarning,
            };
            if (countsMemory && requireMemory)
            {
                new MemoryForecast(configuration).Require(_trainer, _model, splits);
            }

            _claim = folder.Claim();
            AtomicFile.DeleteLeftovers(folder.Root);
            AtomicFile.DeleteLeftovers(folder.Checkpoints);
            _checkpoints.DeleteOrphans();
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
        bool requireMemory = false)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(splits);
        ArgumentNullException.ThrowIfNull(folder);
        folder.RequireNoRun();
        RunDataset.RequireElsewhere(splits.Name, folder.Root, "--run");
        configuration = RunDataset.Resolve(configuration, splits);
        var run = new TrainingRun(configuration, splits, folder, observer, device, clock, requireMemory);
        return run.DisposedOnFailure(() =>
        {
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
        bool requireMemory = false)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(splits);
        RunDataset.RequireSame(configuration, splits);
        var run = new TrainingRun(configuration, splits, folder, observer, device, clock, requireMemory);
        return run.DisposedOnFailure(run.Restore);
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
        if (_bestBound is null)
        {
            throw new SereException(
                "There is no model to evaluate, because the bound of the validation images was not finite after any epoch; "
                + "bring the data near the range 0 to 1, or start a new run with a lower training.optimizer.learningRate.");
        }

        return new RunResults(_folder, _configuration, _splits, _observer, _model.Device)
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

        using var tensorBoard = new TensorBoardLog(_folder.TensorBoard, _trainer.Progress.Step + 1);
        long start = Stopwatch.GetTimestamp();
        double before = _seconds;
        while (!_trainer.IsDone)
        {
            var epoch = RunEpoch(progress =>
            {
                _seconds = before + Stopwatch.GetElapsedTime(start).TotalSeconds;
                _observer.OnStep(progress);
                if (_schedule.IsDue)
                {
                    SaveCheckpoint();
                }
            }, cancellation);
            if (epoch is null)
            {
                SaveCheckpoint();
                throw new OperationCanceledException(cancellation);
            }

            EndEpoch(epoch, before, start, tensorBoard);
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

/// <summary>What a model takes from the training images before its first step.</summary>
internal static class ModelPreparation
{
    /// <summary>Refuses data that a flow has no density for.</summary>
    /// <exception cref="UsageException">The data are bytes that stay levels, or lie beyond the domain of a logit.</exception>
    public static void RequireFit(ExperimentConfiguration configuration, DatasetSplits splits)
    {
        if (configuration.Model.DataLayer.FlowSpace is not { } preprocessing)
        {
            return;
        }

        if (!splits.Train.IsReal && configuration.Dataset.Dequantization == DequantizationRule.None)
        {
            throw new UsageException(
                $"The images of '{splits.Name}' are bytes, of whose few levels a flow's density can grow without bound; give "
                + "--set dataset.dequantization=uniform.");
        }

        if (preprocessing.LogitAlpha is not null && ValueRange.Of(splits.Train) is { IsGrey: false } range)
        {
            throw new UsageException(
                $"The values of '{splits.Name}' go from {range}, and model preprocessing by logit takes "
                + "values in 0..1; set its kind to standardize.");
        }
    }

    /// <summary>Brings a model to where training starts.</summary>
    public static void Start(DensityModel model, ExperimentConfiguration configuration, ImageSet training)
    {
        using var scope = torch.NewDisposeScope();
        if (DataDependentStart.IsUsedBy(model))
        {
            StartFromBatch(model, configuration, training);
        }

        model.InitializeOutput(training.Mean());
        if (configuration.Model.DataLayer.FlowSpace is { IsFitted: true })
        {
            model.FitSpace(Binarization.EvaluationImages(
                training.ToTensor().to(model.Device), 0, configuration.Dataset.Preparation, new RandomStreams(configuration.Seed)));
        }
    }

    /// <summary>Lets one batch, drawn without replacement, set the scales and biases of normalized layers.</summary>
    private static void StartFromBatch(DensityModel model, ExperimentConfiguration configuration, ImageSet training)
    {
        using var generator = new RandomStreams(configuration.Seed).Open(StreamPurpose.Start);
        int count = Math.Min(training.Count, configuration.Training.BatchSize);
        int[] chosen = [.. torch.randperm(training.Count, generator: generator).data<long>().Take(count).Select(i => (int)i)];
        var grey = training.Select(chosen).ToTensor();
        var x = Binarization.TrainingBatch(grey, configuration.Dataset.Preparation, generator).to(model.Device);
        model.InitializeFromData(x, torch.randn([count, model.NoiseSize], generator: generator).to(model.Device));
    }
}

/// <summary>Is told how a run goes.</summary>
public interface IRunObserver
{
    /// <summary>Training starts or goes on.</summary>
    /// <param name="parameters">Number of the model's parameters.</param>
    /// <param name="epochsDone">Epochs that are complete.</param>
    /// <param name="epochs">Epochs of the whole run.</param>
    /// <param name="stepsPerEpoch">Steps of an epoch.</param>
    void OnStart(long parameters, int epochsDone, int epochs, int stepsPerEpoch);

    /// <summary>A step is done.</summary>
    void OnStep(TrainingProgress progress);

    /// <summary>An epoch is done.</summary>
    void OnEpoch(RunMetrics metrics);

    /// <summary>Training is done, and some held-out images, by which others will be judged, are "examined" or "scored".</summary>
    void OnHeldOut(string work, int images, int of);

    /// <summary>Training is done, and some test images are scored.</summary>
    void OnEvaluation(int images, int of);

    /// <summary>Something that the user should know.</summary>
    void OnWarning(string sentence);
}

/// <summary>Tells nobody how a run goes.</summary>
internal sealed class SilentRunObserver : IRunObserver
{
    public void OnStart(long parameters, int epochsDone, int epochs, int stepsPerEpoch)
    {
    }

    public void OnStep(TrainingProgress progress)
    {
    }

    public void OnEpoch(RunMetrics metrics)
    {
    }

    public void OnHeldOut(string work, int images, int of)
    {
    }

    public void OnEvaluation(int images, int of)
    {
    }

    public void OnWarning(string sentence)
    {
    }
}
