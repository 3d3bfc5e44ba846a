using System.Diagnostics;
using Sere.Data;
using Sere.Data.Downloads;
using Sere.Evaluation;
using Sere.Models;
using Sere.Numerics;
using Sere.Runs.Configuration;
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
    private const int DeviceWarmUpSteps = 200;
    private const int FewImages = 20;
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

    /// <summary>Builds the model and its trainer.</summary>
    /// <param name="configuration">What to measure.</param>
    /// <param name="images">Images to train on; their values do not matter.</param>
    /// <param name="device">Where; null for the CPU.</param>
    public PerformanceBenchmark(ExperimentConfiguration configuration, ImageSet images, torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(images);
        NativeLibraries.EnsureLoaded();
        _images = images;

        // As many epochs as it takes: the benchmark counts steps.
        _configuration = configuration with { Training = configuration.Training with { Epochs = 1_000_000 } };
        _model = configuration.Model.Build(images.Shape, configuration.Seed, device: device);
        if (IsOnCuda)
        {
            CudaPrecisionScope.UseFloat32();
        }

        _trainer = new Trainer(
            _model,
            _configuration.Training,
            images,
            configuration.Dataset.Preparation,
            configuration.Seed,
            configuration.Dataset.HorizontalFlips);
    }

    /// <summary>Measures everything.</summary>
    /// <param name="preset">Name in the report.</param>
    /// <param name="steps">Training steps to measure.</param>
    /// <param name="onPart">Called with what is measured next.</param>
    public PerformanceReport Measure(string preset, int steps = 200, Action<string>? onPart = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        onPart?.Invoke("training step");
        var training = IsOnCuda ? MeasureOnDevice(steps) : new TrainingStepMeter(_trainer).Measure(WarmUpSteps, steps);
        onPart?.Invoke("evaluation");
        double evaluation = MeasureEvaluation();
        onPart?.Invoke("sampling");
        double sampling = MeasureSampling();
        onPart?.Invoke("ceilings of the machine");
        var ceilings = new MachineCeilings(_model.Device);
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
            Device = IsOnCuda ? CudaDriver.DeviceName : "cpu",
            Libtorch = NativeLibraries.Version,
            GraphNodes = _trainer.GraphNodes,
            GraphMilliseconds = _trainer.GraphMilliseconds(steps),
            NodeMicroseconds = IsOnCuda ? ceilings.NodeMicroseconds() : null,
            ProductTf32Milliseconds = IsOnCuda ? ceilings.InPrecision(TrainingPrecision.Tf32, products) : null,
            ProductBf16Milliseconds = IsOnCuda ? ceilings.InPrecision(TrainingPrecision.Bf16, products) : null,
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

    private bool IsOnCuda => _model.Device.type == DeviceType.CUDA;

    /// <summary>Steps that follow each other without waiting; their parts have no times of their own.</summary>
    private TrainingStepTimes MeasureOnDevice(int steps)
    {
        void Run(int count)
        {
            int done = 0;
            while (done < count)
            {
                using var enough = new CancellationTokenSource();
                _trainer.RunEpoch(
                    _ =>
                    {
                        if (++done == count)
                        {
                            enough.Cancel();
                        }
                    },
                    enough.Token);
            }
        }

        Run(Math.Min(DeviceWarmUpSteps, Math.Max(WarmUpSteps, steps)));
        long before = _trainer.Progress.Step;
        double milliseconds = Timing.Once(() => Run(steps));
        return new TrainingStepTimes(
            milliseconds / (_trainer.Progress.Step - before), new double[Enum.GetValues<TrainingPhase>().Length], 0, 0);
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
        TrainingObjective.Of(
            _model,
            torch.zeros([batch, _model.Dimensions], device: _model.Device),
            torch.zeros(noise, device: _model.Device),
            torch.ones(1, device: _model.Device));
        return log;
    }

    /// <summary>Milliseconds that the products of one importance sample and the traffic of its parameters take at least.</summary>
    private double EvaluationFloor(MachineCeilings ceilings)
    {
        int images = Math.Max(1, (IsOnCuda ? 20_000 : 2000) / EvaluationNoise.BlockSamples);
        int samples = _model.NoiseSize == 0 ? 1 : EvaluationNoise.BlockSamples;
        int rows = images * samples;
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        _model.eval();
        var encoded = _model.Encode(torch.zeros([images, _model.Dimensions], device: _model.Device));
        using var log = new MatrixProductLog();
        _model.LogImportanceWeights(encoded, torch.zeros([samples, images, _model.NoiseSize], device: _model.Device));
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

    private int EvaluatedImages => IsOnCuda ? Math.Min(_images.Count, 2000) : FewImages;

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
                    torch.randn([SampledImages, _model.NoiseSize], generator: generator).to(_model.Device),
                    torch.rand([SampledImages, _model.Dimensions], generator: generator).to(_model.Device));
                MachineCeilings.Wait(_model.Device);
            },
            SampleRepeats);
    }
}

/// <summary>Images of the shape that a configuration's data set has, for measurements: their values do not matter.</summary>
public static class BenchmarkImages
{
    /// <summary>So many images: drawn digits, built-in vectors, or noise where the images have another shape.</summary>
    /// <exception cref="UsageException">The configuration does not say what shape its images have.</exception>
    public static ImageSet For(ExperimentConfiguration configuration, int count)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var dataset = configuration.Dataset;
        if (DatasetCatalog.Toy(dataset.Name) is { } toy)
        {
            return ToyGenerator.GenerateTrain(toy, count);
        }

        var known = DatasetInfo.Known.FirstOrDefault(info => string.Equals(info.Name, dataset.Name, StringComparison.Ordinal));
        var shape = known?.Shape ?? dataset.Shape
            ?? throw new UsageException(
                $"The shape of the images of '{dataset.Name}' is not known here; give it with --set "
                + "'dataset.shape={\"channels\":1,\"height\":28,\"width\":28}'.");
        shape = new ImageShape(
            dataset.Gray ? 1 : shape.Channels, dataset.Resize?.Height ?? shape.Height, dataset.Resize?.Width ?? shape.Width);
        if (shape == DigitsGenerator.Shape)
        {
            return DigitsGenerator.GenerateTrain(count);
        }

        byte[] pixels = new byte[count * shape.Dimensions];
        var random = new IntegerRandom(1);
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)random.NextBelow(256);
        }

        return new ImageSet(shape, pixels);
    }
}

/// <summary>
/// What the machine can do at best, measured and not taken from a data sheet: matrix products and convolutions of
/// given shapes, and a large copy. Of repeats the best counts.
/// </summary>
internal sealed class MachineCeilings
{
    private const double CopyBudget = 500;
    private const double ProductBudget = 60;
    private const int CopyElements = 32_000_000;
    private readonly Dictionary<MatrixProduct, double> _products = [];
    private readonly Dictionary<(Convolution Shape, bool WithBackward), double> _convolutions = [];

    private readonly torch.Device _device;

    // On a CUDA device work is launched so often before it is waited for.
    private readonly int _repeats;

    /// <summary>Measures the copy rate; products are measured when they are asked for.</summary>
    public MachineCeilings(torch.Device device)
    {
        (_device, _repeats) = (device, device.type == DeviceType.CUDA ? 30 : 1);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        long elements = CopyElements * (device.type == DeviceType.CUDA ? 10L : 1);
        var source = torch.zeros(elements, device: device);
        var target = torch.ones(elements, device: device);

        // A copy reads a byte and writes a byte.
        CopyBytesPerMillisecond = 2.0 * sizeof(float) * elements / Best(() => target.copy_(source), CopyBudget);
    }

    /// <summary>Waits for what a device was told to do.</summary>
    public static void Wait(torch.Device device)
    {
        if (device.type == DeviceType.CUDA)
        {
            torch.cuda.synchronize();
        }
    }

    /// <summary>The time of all products in another precision, in milliseconds, on a CUDA device.</summary>
    public double InPrecision(TrainingPrecision precision, IEnumerable<MatrixProduct> products)
    {
        using var scope = new CudaPrecisionScope(precision == TrainingPrecision.Tf32);
        var type = precision == TrainingPrecision.Bf16 ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32;
        return products.GroupBy(product => product with { NeedsInputGradient = false })
            .Sum(group => group.Count() * Measure(group.Key, type));
    }

    /// <summary>What a node of a CUDA graph takes that does next to nothing; null where there are no graphs.</summary>
    public double? NodeMicroseconds()
    {
        const int Nodes = 500;
        if (CudaGraph.Failure is not null)
        {
            return null;
        }

        using var noGrad = torch.no_grad();
        using var stream = CudaGraph.UseStream();
        using var number = torch.zeros(1, device: _device);
        void Work()
        {
            for (int i = 0; i < Nodes; i++)
            {
                number.neg_();
            }
        }

        Work();
        using var graph = CudaGraph.Capture(Work);
        return 1000 * Best(graph.Replay, ProductBudget) / Nodes;
    }

    private double Best(Action work, double budget) => Timing.Best(
        () =>
        {
            for (int i = 0; i < _repeats; i++)
            {
                work();
            }

            Wait(_device);
        },
        budget) / _repeats;

    /// <summary>Bytes that a large copy reads and writes in a millisecond, both counted.</summary>
    public double CopyBytesPerMillisecond { get; }

    /// <summary>The time of products of a shape alone, in fp32, in milliseconds.</summary>
    public double Milliseconds(MatrixProduct product)
    {
        product = product with { NeedsInputGradient = false };
        if (!_products.TryGetValue(product, out double best))
        {
            best = Measure(product);
            _products.Add(product, best);
        }

        return best;
    }

    /// <summary>The time of all products, in milliseconds.</summary>
    public double Milliseconds(IEnumerable<MatrixProduct> products) => products.Sum(Milliseconds);

    /// <summary>The time of all convolutions by the library's own routine, their backward passes too if asked for.</summary>
    public double Milliseconds(IEnumerable<Convolution> convolutions, bool withBackward) => convolutions.Sum(convolution =>
    {
        if (!_convolutions.TryGetValue((convolution, withBackward), out double best))
        {
            best = Measure(convolution, withBackward);
            _convolutions.Add((convolution, withBackward), best);
        }

        return best;
    });

    private double Measure(Convolution shape, bool withBackward)
    {
        using var gradients = withBackward ? null : torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var x = torch.ones([shape.Rows, shape.Groups * shape.Inputs, shape.Height, shape.Width], device: _device)
            .requires_grad_(withBackward && shape.NeedsInputGradient);
        long[] kernel = [shape.Groups * shape.Outputs, shape.Inputs, shape.KernelHeight, shape.KernelWidth];
        var weight = torch.ones(kernel, device: _device).requires_grad_(withBackward);
        torch.Tensor? gradient = null;
        return Best(
            () =>
            {
                using var repeat = torch.NewDisposeScope();
                var y = torch.nn.functional.conv2d(
                    x, weight, null, [shape.Stride, shape.Stride], [shape.Padding, shape.Padding], null, shape.Groups);
                if (withBackward)
                {
                    gradient ??= torch.ones_like(y).DetachFromDisposeScope();
                    x.grad?.zero_();
                    weight.grad?.zero_();
                    y.backward([gradient]);
                }
            },
            ProductBudget);
    }

    private double Measure(MatrixProduct product, torch.ScalarType type = torch.ScalarType.Float32)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        long[] count = product.Count == 1 ? [] : [product.Count];
        var first = torch.ones([.. count, product.Rows, product.Inner], type, _device);
        var second = torch.ones([.. count, product.Inner, product.Columns], type, _device);
        return Best(() => torch.matmul(first, second).Dispose(), ProductBudget);
    }
}

/// <summary>Times work that is repeated, in milliseconds.</summary>
internal static class Timing
{
    private const double LongestWork = 10_000;

    /// <summary>The time of one call, after it has ended.</summary>
    public static double Once(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>The shortest of the calls that fit into a time, at least five: what the machine can do undisturbed.</summary>
    /// <param name="work">The work; it is called once more to warm up.</param>
    /// <param name="budget">Milliseconds to spend.</param>
    public static double Best(Action work, double budget)
    {
        work();
        double best = double.PositiveInfinity;
        double spent = 0;
        for (int i = 0; i < 5 || spent < budget; i++)
        {
            double time = Once(work);
            best = Math.Min(best, time);
            spent += time;
        }

        return best;
    }

    /// <summary>The median of calls, after one that is not counted unless it took longer than all may.</summary>
    public static double Median(Action work, int calls)
    {
        double first = Once(work);
        return first > LongestWork ? first : Median([.. Enumerable.Range(0, calls).Select(_ => Once(work))]);
    }

    /// <summary>The median of numbers, the mean of the middle two of an even count.</summary>
    public static double Median(double[] values)
    {
        Array.Sort(values);
        return (values[values.Length / 2] + values[(values.Length - 1) / 2]) / 2;
    }
}
