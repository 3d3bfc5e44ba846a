using System.Diagnostics;
using System.Text.Json;
using Sere.Data;
using Sere.Distributed;
using Sere.Kernels;
using Sere.Models;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Training;

/// <summary>
/// Maximizes the evidence lower bound (eq. 2), or its importance-weighted form, by stochastic gradients. A step whose loss or gradient is not finite is
/// skipped and counted; too many in a row end the run. What a step does is a function of the seed, the epoch and the step,
/// so that a run that goes on from its saved state ends with the same bits.
/// </summary>
public sealed class Trainer : IDisposable
{
    private const int ImagesFittedTo = 10_000;
    private readonly DensityModel _model;
    private readonly TrainingChoice _configuration;
    private readonly TrainingBatches _batches;
    private readonly ThreadTuner? _threads;
    private readonly ProcessGroup _group;
    private CapturedStep? _captured;
    private int _capturedSamples;
    private StepConstants? _constants;
    private bool _isAskedToStop;

    /// <summary>A trainer at the start of a run. Takes the model's parameters into flat buffers.</summary>
    /// <param name="model">The model.</param>
    /// <param name="configuration">How to train.</param>
    /// <param name="images">Training images.</param>
    /// <param name="binarization">How grey values become data.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="horizontalFlips">Whether images are mirrored at random.</param>
    /// <param name="group">
    /// The processes that train the model together, each on its part of every batch; null for this one alone.
    /// </param>
    /// <exception cref="UsageException">Several processes cannot train such a model.</exception>
    public Trainer(
        DensityModel model,
        TrainingChoice configuration,
        ImageSet images,
        BinarizationRule binarization,
        long seed,
        bool horizontalFlips = false,
        ProcessGroup? group = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(images);
        _group = group ?? ProcessGroup.Alone;
        if (_group.Count > 1 && RunningStatistics.Of(model, areFixed: false).Count > 0)
        {
            throw new UsageException(
                "Batch normalization takes its statistics from a whole batch, of which each of several processes has a "
                + "part; train this model in one process.");
        }

        _model = model;
        _configuration = configuration;
        _batches = new TrainingBatches(
            images, binarization, configuration.BatchSize, new RandomStreams(seed), _model.Device, horizontalFlips);
        Parameters = new FlatParameters(model);
        Optimizer = configuration.Optimizer.Build(Parameters.Trainable);
        Average = configuration.AverageDecay is { } decay ? new AveragedParameters(Parameters.Values, decay) : null;
        Progress = new TrainingProgress { KlSums = new double[model.Layers] };
        _threads = ThreadTuner.Start();
    }

    /// <summary>The model's parameters.</summary>
    public FlatParameters Parameters { get; }

    /// <summary>The optimizer and its state.</summary>
    public Optimizer Optimizer { get; }

    /// <summary>The moving average of the parameters, where the configuration asks for one.</summary>
    public AveragedParameters? Average { get; }

    /// <summary>Where the run stands; set it when going on from a checkpoint.</summary>
    public TrainingProgress Progress { get; set; }

    /// <summary>
    /// Whether parameters, optimizer and <see cref="Progress"/> are those after a whole step, also where the next failed.
    /// </summary>
    internal bool IsBetweenSteps { get; private set; } = true;

    /// <summary>The parameters to evaluate and to keep: the average, or the last values.</summary>
    public torch.Tensor EvaluationValues => Average?.Values ?? Parameters.Values;

    /// <summary>Is told when a part of a step has ended, for measurements.</summary>
    internal Action<TrainingPhase>? OnPhase { get; set; }

    /// <summary>Is told, once, why steps on a CUDA device are not as fast as they could be.</summary>
    internal Action<string>? OnRemark { get; set; }

    /// <summary>Kernels and copies of the CUDA graph of a step; null where there is none.</summary>
    internal long? GraphNodes => _captured?.Nodes;

    /// <summary>Milliseconds of that graph alone; null where there is none. It goes on training on the last images.</summary>
    internal double? GraphMilliseconds(int replays)
    {
        using var stream = _captured?.UseStream();
        return _captured?.GraphMilliseconds(replays);
    }

    /// <summary>Steps of an epoch.</summary>
    public int StepsPerEpoch => _batches.StepsPerEpoch;

    /// <summary>Steps of the whole run.</summary>
    public long TotalSteps => (long)_configuration.Epochs * StepsPerEpoch;

    /// <summary>Whether all epochs are done.</summary>
    public bool IsDone => Progress.Epoch >= _configuration.Epochs;

    /// <summary>
    /// Trains to the end of the epoch that is under way, or stops between two steps when asked to.
    /// </summary>
    /// <param name="onStep">Called after each step.</param>
    /// <param name="cancellation">Asks to stop; <see cref="Progress"/> then says where.</param>
    /// <returns>The epoch's figures, or null when it was stopped.</returns>
    /// <exception cref="SereException">Too many steps in a row were not finite.</exception>
    public EpochMetrics? RunEpoch(Action<TrainingProgress>? onStep = null, CancellationToken cancellation = default)
    {
        _model.train();
        _isAskedToStop = false;
        if (_model.Device.type == DeviceType.CUDA)
        {
            using var precision = new CudaPrecisionScope(_configuration.Precision == TrainingPrecision.Tf32);
            if (CudaDriver.Instance is not null && _group.Count == 1)
            {
                return RunEpochOnDevice(onStep, cancellation);
            }

            OnRemark?.Invoke(_group.Count > 1
                ? "Training steps of several processes run without a CUDA graph, and their gradients go through "
                    + "the memory of the machine."
                : $"Training steps run without kernels of their own on this device: {CudaDriver.Failure}.");
            OnRemark = null;
        }

        while (Progress.StepInEpoch < StepsPerEpoch)
        {
            // Several processes stop at the same step: all after one in which one of them was asked to.
            if (_group.Count == 1 ? cancellation.IsCancellationRequested : _isAskedToStop)
            {
                return null;
            }

            long start = Stopwatch.GetTimestamp();

            // The forward pass moves running statistics; all else moves when the optimizer does.
            IsBetweenSteps = Parameters.Moving.numel() == Parameters.Trainable.numel();
            var progress = RunStep(Progress, cancellation);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            _threads?.Took(progress.Images - Progress.Images, seconds);
            Progress = progress with { Seconds = progress.Seconds + seconds };
            IsBetweenSteps = true;
            onStep?.Invoke(Progress);
        }

        return EndEpoch();
    }

    /// <summary>Runs <paramref name="evaluate"/> with <see cref="EvaluationValues"/> in the model.</summary>
    public T WithEvaluationValues<T>(Func<T> evaluate)
    {
        ArgumentNullException.ThrowIfNull(evaluate);
        _model.eval();
        if (Average is null)
        {
            return evaluate();
        }

        using var noGrad = torch.no_grad();
        using var kept = Parameters.Values.clone();
        Parameters.Values.copy_(Average.Values);
        WeightsClock.Advance();
        try
        {
            return evaluate();
        }
        finally
        {
            Parameters.Values.copy_(kept);
            WeightsClock.Advance();
        }
    }

    /// <summary>
    /// Fits the statistics of batch normalization in a flow to the training images, or to the first 10,000 of them, as an
    /// evaluation needs them: running averages lag behind the weights. Nothing for a model without such statistics.
    /// </summary>
    public void FitStatistics()
    {
        if (!_model.HasStatistics)
        {
            return;
        }

        WithEvaluationValues(() =>
        {
            using var noGrad = torch.no_grad();
            using var scope = torch.NewDisposeScope();
            _model.FitStatistics(_batches.First(ImagesFittedTo, _model.NoiseSize));
            foreach (var segment in Average is null ? [] : Parameters.Segments.Where(segment => !segment.Parameter.requires_grad))
            {
                Average!.Values.narrow(0, segment.Offset, segment.Length).copy_(segment.Parameter.view(-1));
            }

            return true;
        });
    }

    /// <summary>Brings all processes to where the first one is.</summary>
    internal void Synchronize()
    {
        if (_group.Count == 1)
        {
            return;
        }

        torch.Tensor?[] tensors = [Parameters.Values, Optimizer.FirstMoment, Optimizer.SecondMoment, Average?.Values];
        foreach (var tensor in tensors.OfType<torch.Tensor>())
        {
            _group.Broadcast(tensor);
        }

        Optimizer.Steps = JsonSerializer.Deserialize<long>(_group.Broadcast(JsonSerializer.Serialize(Optimizer.Steps)));
        Progress = JsonSerializer.Deserialize<TrainingProgress>(_group.Broadcast(JsonSerializer.Serialize(Progress)))!;
        WeightsClock.Advance();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _captured?.Dispose();
        _constants?.Dispose();
        _batches.Dispose();
        Optimizer.Dispose();
        Average?.Dispose();
        Parameters.Dispose();
    }

    /// <summary>
    /// Holds the memory of the first step with fewer images or samples, and leaves everything as it was.
    /// </summary>
    internal void Rehearse(int images, int samples)
    {
        using var scope = torch.NewDisposeScope();
        using var statistics = Parameters.Moving.narrow(
            0, Parameters.Trainable.numel(), Parameters.Moving.numel() - Parameters.Trainable.numel());
        using var kept = statistics.clone();
        _model.train();
        var inputs = _batches.Draw(0, 0, _model.NoiseSize, samples, images);
        Differentiate(_batches.Assemble(inputs), inputs.Noise.to(_model.Device), torch.ones(1, device: _model.Device));
        Parameters.Gradients.zero_();
        statistics.copy_(kept);
    }

    /// <summary>The objective of a batch; its gradients, times a weight, are those that are kept.</summary>
    private TrainingObjective Differentiate(
        torch.Tensor images, torch.Tensor noise, torch.Tensor beta, double weight = 1)
    {
        using var precision = new ProductPrecisionScope(_configuration.Precision switch
        {
            TrainingPrecision.Bf16 => ProductPrecision.BFloat16,
            TrainingPrecision.Fp32 or TrainingPrecision.Tf32 => ProductPrecision.Full,
        });
        var objective = TrainingObjective.Of(_model, images, noise, beta);
        var loss = weight == 1 ? -objective.Value : objective.Value.Times(-weight);
        OnPhase?.Invoke(TrainingPhase.Forward);
        Parameters.Gradients.zero_();
        loss.backward();
        OnPhase?.Invoke(TrainingPhase.Backward);
        return objective;
    }

    private TrainingProgress RunStep(TrainingProgress progress, CancellationToken cancellation)
    {
        using var scope = torch.NewDisposeScope();
        var inputs = _batches.Draw(
            progress.Epoch, progress.StepInEpoch, _model.NoiseSize, _configuration.SamplesOf(progress.Epoch));
        double[] sums = _group.Count == 1
            ? DifferentiateSums(inputs, progress.Step)
            : DifferentiateTogether(inputs, progress.Step, cancellation);
        using var noGrad = torch.no_grad();
        double[] report = [Parameters.GradientNorm(), .. sums];
        bool isGood = IsGood(report);
        if (isGood)
        {
            double scale = _configuration.GradientClip is { } limit && report[0] > limit ? limit / report[0] : 1;
            IsBetweenSteps = false;
            Optimizer.Step(Parameters.Trainable, Parameters.Gradients, LearningRate(progress.Step), scale);
            Average?.Update(Parameters.Moving, Optimizer.Steps - 1);
            OnPhase?.Invoke(TrainingPhase.Optimizer);
        }

        progress = After(progress, report, inputs.Count);
        IsBetweenSteps |= !isGood;
        RequireGoodSteps(progress);
        return progress;
    }

    /// <summary>Whether the update of a step that reported this is taken; as step_constants of AdamStep.cu decides it.</summary>
    private bool IsGood(double[] report) =>
        Array.TrueForAll(report, double.IsFinite) && !(report[0] > (_configuration.GradientSkip ?? double.PositiveInfinity));

    /// <summary>The sums of the objective of some images, whose gradients, times a weight, are kept.</summary>
    private double[] DifferentiateSums(StepInputs inputs, long step, double weight = 1)
    {
        var images = _batches.Assemble(inputs);
        var noise = inputs.Noise.to(_model.Device);
        OnPhase?.Invoke(TrainingPhase.Data);
        double divergence = _configuration.Annealing.Beta(step, TotalSteps);
        var beta = TensorArithmetic.Full([1], divergence, Parameters.Values.dtype, _model.Device);
        var objective = Differentiate(images, noise, beta, weight);
        using var noGrad = torch.no_grad();
        return [.. objective.Sums().cpu().data<double>()];
    }

    /// <summary>
    /// The same of the images of all processes, of which each has its part. All have drawn the numbers of the whole
    /// batch, so that an image has the same whichever process it falls to.
    /// </summary>
    private double[] DifferentiateTogether(StepInputs inputs, long step, CancellationToken cancellation)
    {
        var (first, count) = _group.Share((int)inputs.Count);
        double[] report = new double[_model.Layers + (_configuration.SamplesOf(Progress.Epoch) == 1 ? 2 : 3)];
        if (count == 0)
        {
            // The last batch of an epoch may have fewer images than there are processes.
            Parameters.Gradients.zero_();
        }
        else
        {
            DifferentiateSums(inputs.Part(first, count), step, count / (double)inputs.Count).CopyTo(report, 0);
        }

        using var noGrad = torch.no_grad();
        report[^1] = cancellation.IsCancellationRequested ? 1 : 0;
        _group.Sum(report, cancellation);
        _group.Sum(Parameters.Gradients, cancellation);
        _isAskedToStop = report[^1] > 0;
        return report[..^1];
    }

    /// <summary>Where the run stands after a step that reported this: the gradient's norm, and the sums of its objective.</summary>
    private TrainingProgress After(TrainingProgress progress, double[] report, long images)
    {
        progress = progress with { StepInEpoch = progress.StepInEpoch + 1, Step = progress.Step + 1 };
        if (!IsGood(report))
        {
            return progress with { SkippedInARow = progress.SkippedInARow + 1, SkippedSteps = progress.SkippedSteps + 1 };
        }

        return progress with
        {
            SkippedInARow = 0,
            Images = progress.Images + images,
            LogLikelihoodSum = progress.LogLikelihoodSum + report[1],
            KlSums = [.. progress.KlSums.Zip(report.Skip(2), (sum, value) => sum + value)],
            BoundSum = _configuration.SamplesOf(progress.Epoch) == 1 ? null : (progress.BoundSum ?? 0) + report[^1],
            GradientNormSum = progress.GradientNormSum + report[0],
        };
    }

    /// <summary>
    /// As <see cref="RunEpoch"/> on a CUDA device: steps are begun without waiting for those before them, and their reports
    /// are read some steps later.
    /// </summary>
    private EpochMetrics? RunEpochOnDevice(Action<TrainingProgress>? onStep, CancellationToken cancellation)
    {
        if (_captured is null || _capturedSamples != _configuration.SamplesOf(Progress.Epoch))
        {
            _captured?.Dispose();
            _constants?.Dispose();
            _capturedSamples = _configuration.SamplesOf(Progress.Epoch);
            _captured = Capture(_capturedSamples);
        }

        using var stream = _captured.UseStream();
        _constants!.Restart(Optimizer.Steps);
        long start = Stopwatch.GetTimestamp();
        void Read()
        {
            var reports = _captured.Read();
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds / Math.Max(1, reports.Count);
            start = Stopwatch.GetTimestamp();

            // All of them are in the weights, so that a checkpoint of any moment from here on is of all.
            var done = new List<TrainingProgress>();
            foreach (var (report, images) in reports)
            {
                var progress = After(done.Count == 0 ? Progress : done[^1], report, images);
                done.Add(progress with { Seconds = progress.Seconds + seconds });
            }

            if (done.Count > 0)
            {
                Progress = done[^1];
            }

            Optimizer.Steps = _constants.Taken();
            IsBetweenSteps = true;
            done.ForEach(RequireGoodSteps);
            done.ForEach(progress => onStep?.Invoke(progress));
        }

        while (Progress.StepInEpoch + _captured.Pending < StepsPerEpoch && !cancellation.IsCancellationRequested)
        {
            long step = Progress.Step + _captured.Pending;
            IsBetweenSteps = false;
            _captured.Begin(
                Progress.Epoch,
                Progress.StepInEpoch + _captured.Pending,
                [
                    LearningRate(step),
                    _configuration.GradientClip ?? double.PositiveInfinity,
                    _configuration.Annealing.Beta(step, TotalSteps),
                    _configuration.GradientSkip ?? double.PositiveInfinity,
                ]);
            if (_captured.MustRead)
            {
                Read();
            }
        }

        Read();
        WeightsClock.Advance();
        return Progress.StepInEpoch == StepsPerEpoch ? EndEpoch() : null;
    }

    private CapturedStep Capture(int samples)
    {
        _constants = Optimizer.ConstantsOnDevice(_configuration.AverageDecay);
        long numbers = (long)_configuration.BatchSize * (_model.Dimensions + ((long)samples * _model.NoiseSize));
        var staging = new InputStaging(
            (epoch, step, into) => _batches.Draw(epoch, step, _model.NoiseSize, samples, into: into),
            StepsPerEpoch,
            StepConstants.ToldNumbers,
            numbers * sizeof(float),
            isPinned: true);
        return new CapturedStep(
            staging, RunBody, _configuration.Capture == StepCapture.Auto, _model.Device, remark => OnRemark?.Invoke(remark));
    }

    /// <summary>
    /// A step on a CUDA device, from inputs that are there to its report: it reads nothing back and takes no number that
    /// differs from step to step.
    /// </summary>
    private torch.Tensor RunBody(StepInputs inputs, torch.Tensor told)
    {
        using var inPlace = new GradientsInPlace();
        var beta = told.narrow(0, StepConstants.Beta, 1).to(Parameters.Values.dtype);
        var objective = Differentiate(_batches.Assemble(inputs), inputs.Noise, beta);
        using var noGrad = torch.no_grad();
        var report = torch.cat([Parameters.Gradients.norm().view(1).to(torch.ScalarType.Float64), objective.Sums()]);
        _constants!.Advance(report, told);
        Optimizer.StepOnDevice(Parameters.Trainable, Parameters.Gradients, _constants);
        Average?.UpdateOnDevice(Parameters.Moving, _constants);
        return report;
    }

    private void RequireGoodSteps(TrainingProgress progress)
    {
        if (progress.SkippedInARow > _configuration.MaximumSkippedSteps)
        {
            throw new SereException(
                $"Training diverged: {progress.SkippedInARow} steps in a row, up to step {progress.Step}, had a loss or gradient "
                + (_configuration.GradientSkip is { } longest
                    ? $"that is not finite or a gradient longer than training.gradientSkip, {longest}; start a new run with a greater one or "
                        + "a lower training.optimizer.learningRate."
                    : "that is not finite; start a new run with a lower training.optimizer.learningRate or with "
                        + "training.gradientClip."));
        }
    }

    private EpochMetrics EndEpoch()
    {
        var epoch = Progress;
        Progress = new TrainingProgress
        {
            Epoch = epoch.Epoch + 1,
            Step = epoch.Step,
            SkippedInARow = epoch.SkippedInARow,
            KlSums = new double[_model.Layers],
        };
        return EpochMetrics.Of(
            epoch,
            _configuration.Annealing.Beta(epoch.Step - 1, TotalSteps),
            LearningRate(epoch.Step - 1),
            hasBound: _configuration.SamplesOf(epoch.Epoch) > 1);
    }

    private double LearningRate(long step) => _configuration.Schedule.Rate(
        _configuration.Optimizer.LearningRate, step, TotalSteps);
}
