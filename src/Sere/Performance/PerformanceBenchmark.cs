using System.Diagnostics;
using Sere.Data;
using Sere.Evaluation;
using Sere.Models;
using Sere.Models.Configuration;
using Sere.Numerics;
using Sere.Training;
using TorchSharp;

namespace Sere.Performance;

/// <summary>
/// Measures a configuration in one process and one run: the machine's ceilings, the floor of a step that follows from
/// them, the step itself, evaluation and sampling. docs/performance.md says what each figure means.
/// </summary>
public sealed class PerformanceBenchmark : IDisposable
{
    private const int WarmUpSteps = 20;
    private const int EvaluatedImages = 20;
    private const int ImportanceSamples = 1000;

    // Milliseconds: of a model that takes longer, a tenth of the samples is measured, once.
    private const double EvaluationBudget = 30_000;
    private const int EvaluationRepeats = 7;
    private const int SampledImages = 1000;
    private const int SampleRepeats = 11;
    private const double BytesPerMebibyte = 1 << 20;
    private readonly ExperimentConfiguration _configuration;
    private readonly ImageSet _images;
    private readonly DensityModel _model;
    private readonly Trainer _trainer;

    /// <summary>Builds the model and its trainer, on the CPU.</summary>
    /// <param name="configuration">What to measure.</param>
    /// <param name="images">Images to train on; their values do not matter.</param>
    public PerformanceBenchmark(ExperimentConfiguration configuration, ImageSet images)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(images);
        NativeLibraries.EnsureLoaded();
        _images = images;

        // As many epochs as it takes: the benchmark counts steps.
        _configuration = configuration with { Training = configuration.Training with { Epochs = 1_000_000 } };
        _model = ModelFactory.Create(configuration.Model, images.Shape, configuration.Seed);
        _trainer = new Trainer(
            _model,
            _configuration.Training,
            images,
            configuration.Dataset.Preparation,
            configuration.Seed,
            horizontalFlips: configuration.Dataset.HorizontalFlips);
    }

    /// <summary>Measures everything.</summary>
    /// <param name="preset">Name in the report.</param>
    /// <param name="steps">Training steps to measure.</param>
    /// <param name="onPart">Called with what is measured next.</param>
    public PerformanceReport Measure(string preset, int steps = 200, Action<string>? onPart = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        onPart?.Invoke("training step");
        var training = new TrainingStepMeter(_trainer).Measure(WarmUpSteps, steps);
        onPart?.Invoke("evaluation");
        double evaluation = MeasureEvaluation();
        onPart?.Invoke("sampling");
        double sampling = MeasureSampling();
        onPart?.Invoke("ceilings of the machine");
        var ceilings = new MachineCeilings();
        using var step = StepLog();
        MatrixProduct[] products = [.. step.Products.SelectMany(product => product.WithBackward())];
        double productMilliseconds = ceilings.Milliseconds(products);

        // Parameters, gradients and two moments are read; all but the gradients are written.
        double update = 7.0 * sizeof(float) * _trainer.Parameters.Count / ceilings.CopyBytesPerMillisecond;
        double evaluationFloor = EvaluationFloor(ceilings);
        double convolutionMilliseconds = ceilings.Milliseconds(step.Convolutions, withBackward: true);
        double floor = productMilliseconds + convolutionMilliseconds + update;
        return new PerformanceReport
        {
            Preset = preset,
            Threads = torch.get_num_threads(),
            Batch = _configuration.Training.BatchSize,
            Parameters = _trainer.Parameters.Count,
            ProductGigaflops = products.Sum(product => product.Operations) / productMilliseconds / 1e6,
            ConvolutionGigaflops = step.Convolutions.Count == 0
                ? null
                : step.Convolutions.Sum(convolution => convolution.OperationsWithBackward) / convolutionMilliseconds / 1e6,
            CopyGigabytesPerSecond = ceilings.CopyBytesPerMillisecond / 1e6,
            StepMilliseconds = training.StepMilliseconds,
            DataMilliseconds = training.PhaseMilliseconds[(int)TrainingPhase.Data],
            ForwardMilliseconds = training.PhaseMilliseconds[(int)TrainingPhase.Forward],
            BackwardMilliseconds = training.PhaseMilliseconds[(int)TrainingPhase.Backward],
            OptimizerMilliseconds = training.PhaseMilliseconds[(int)TrainingPhase.Optimizer],
            ProductMilliseconds = productMilliseconds,
            ConvolutionMilliseconds = convolutionMilliseconds,
            UpdateFloorMilliseconds = update,
            FloorMilliseconds = floor,
            StepOverFloor = training.StepMilliseconds / floor,
            TrainImagesPerSecond = 1000 * _configuration.Training.BatchSize / training.StepMilliseconds,
            EvaluationsPerSecond = 1000 / evaluation,
            EvaluationsPerSecondCeiling = 1000 / evaluationFloor,
            EvaluationOverFloor = evaluation / evaluationFloor,
            SampleImagesPerSecond = 1000 * SampledImages / sampling,
            LiveTensorsPerStep = training.LiveTensorsPerStep,
            MemoryGrowthMiB = training.MemoryGrowth / BytesPerMebibyte,
            PeakMemoryMiB = PeakMemory() / BytesPerMebibyte,
            Steps = steps,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trainer.Dispose();
        _model.Dispose();
    }

    private static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    /// <summary>The products and convolutions of one training step, without those of the backward pass.</summary>
    private MatrixProductLog StepLog()
    {
        using var scope = torch.NewDisposeScope();
        int batch = _configuration.Training.BatchSize;
        _model.train();
        var log = new MatrixProductLog();
        int samples = _configuration.Training.ImportanceSamples;
        long[] noise = samples == 1 ? [batch, _model.NoiseSize] : [samples, batch, _model.NoiseSize];
        TrainingObjective.Of(_model, torch.zeros(batch, _model.Dimensions), torch.zeros(noise), beta: 1);
        return log;
    }

    /// <summary>Milliseconds that the products of one importance sample and the traffic of its parameters take at least.</summary>
    private double EvaluationFloor(MachineCeilings ceilings)
    {
        var options = new EvaluationOptions();
        int images = Math.Max(1, options.RowsAtOnce / EvaluationNoise.BlockSamples);
        int samples = _model.NoiseSize == 0 ? 1 : EvaluationNoise.BlockSamples;
        int rows = images * samples;
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        _model.eval();
        var encoded = _model.Encode(torch.zeros(images, _model.Dimensions));
        using var log = new MatrixProductLog();
        _model.LogImportanceWeights(encoded, torch.zeros(samples, images, _model.NoiseSize));
        double traffic = 2.0 * sizeof(float) * rows * _model.Dimensions / ceilings.CopyBytesPerMillisecond;
        double convolutions = ceilings.Milliseconds(log.Convolutions, withBackward: false);
        return (ceilings.Milliseconds(log.Products) + convolutions + traffic) / rows;
    }

    /// <summary>Milliseconds of one importance sample of one image, all of an evaluation included.</summary>
    private double MeasureEvaluation()
    {
        _model.eval();
        var images = _images.Slice(0, EvaluatedImages);
        if (_model.NoiseSize == 0)
        {
            // An exact log-likelihood takes one pass, whatever the number of samples.
            return TimeEvaluation(images, 1, EvaluationRepeats) / EvaluatedImages;
        }

        double block = TimeEvaluation(images, EvaluationNoise.BlockSamples, repeats: 1);
        const double Blocks = (double)ImportanceSamples / EvaluationNoise.BlockSamples;
        return block * Blocks * EvaluationRepeats > EvaluationBudget
            ? block / (EvaluatedImages * EvaluationNoise.BlockSamples)
            : TimeEvaluation(images, ImportanceSamples, EvaluationRepeats) / (EvaluatedImages * ImportanceSamples);
    }

    private double TimeEvaluation(ImageSet images, int samples, int repeats)
    {
        var options = new EvaluationOptions { ImportanceSamples = samples };
        return Timing.Median(
            () => ImportanceSampledLikelihood.Evaluate(_model, images, _configuration.Dataset.Preparation, options), repeats);
    }

    /// <summary>Seconds that an image takes which the model draws, in batches, its noise included.</summary>
    public double SampleSeconds() => MeasureSampling() / (1000 * SampledImages);

    /// <summary>Milliseconds of one batch of samples, its noise included.</summary>
    private double MeasureSampling()
    {
        _model.eval();
        using var noGrad = torch.no_grad();
        return Timing.Median(
            () =>
            {
                using var scope = torch.NewDisposeScope();
                using var generator = new torch.Generator(1, torch.CPU);
                _model.Sample(
                    torch.randn([SampledImages, _model.NoiseSize], generator: generator),
                    torch.rand([SampledImages, _model.Dimensions], generator: generator));
            },
            SampleRepeats);
    }
}
