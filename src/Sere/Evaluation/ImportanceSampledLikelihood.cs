using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sere.Data;
using Sere.Distributed;
using Sere.Models;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// log p(x) >= log 1/K sum_k p(x, z_k) / q(z_k | x), the K-sample importance-weighted bound (Burda et al. 2016), in
/// float64 across samples. Encoders run once an image, not once a sample; samples come in blocks, so that memory is
/// bounded whatever K is.
/// </summary>
public static class ImportanceSampledLikelihood
{
    /// <summary>Scores images that are binarized by a rule from grey values.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="images">The images.</param>
    /// <param name="binarization">How grey values become data.</param>
    /// <param name="options">Samples, seed and chunk.</param>
    /// <param name="onImages">Called with the number of images done.</param>
    /// <param name="group">
    /// The processes that share the images, all of which make this call and get the same figures; null for this one
    /// alone.
    /// </param>
    /// <param name="cancellation">Asks to stop.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static ImageLikelihoods Evaluate(
        DensityModel model,
        ImageSet images,
        BinarizationRule binarization,
        EvaluationOptions options,
        Action<int>? onImages = null,
        ProcessGroup? group = null,
        CancellationToken cancellation = default)
    {
        group ??= ProcessGroup.Alone;
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ImportanceSamples, 1, nameof(options));
        var result = ImageLikelihoods.Zeros(images.Count);
        using var noGrad = torch.no_grad();
        var threads = ThreadTuner.Start();
        int samples = SamplesOf(model, options);
        var draws = new TailDraws(ParetoTail.LengthOf(samples));
        var rows = new RowsAtOnce(model, options);
        int AtOnce() => Math.Max(1, rows.Count / Math.Min(samples, EvaluationNoise.BlockSamples));

        // Each process has the batches of one by itself: a product of other rows may round otherwise.
        var share = group.Share(images.Count, AtOnce());
        for (int first = share.First, count; first < share.First + share.Count; first += count)
        {
            count = Math.Min(AtOnce(), share.First + share.Count - first);
            long start = Stopwatch.GetTimestamp();
            using var scope = torch.NewDisposeScope();
            try
            {
                var grey = images.Slice(first, count).ToTensor().to(model.Device);
                var x = Binarization.EvaluationImages(grey, first, binarization, new RandomStreams(options.Seed));
                var moments = Weigh(model, x, first, options, cancellation);
                Store(result, first, moments, draws, isExact: model.NoiseSize == 0);
            }
            catch (ExternalException exception) when (rows.TryHalve(exception))
            {
                count = 0;
                continue;
            }

            rows.Took(count * Math.Min(samples, EvaluationNoise.BlockSamples));
            threads?.Took(count, Stopwatch.GetElapsedTime(start).TotalSeconds);
            onImages?.Invoke(Math.Min(images.Count, (first + count - share.First) * group.Count));
        }

        result.Merge(group, cancellation);
        return result;
    }

    /// <summary>The moments of the importance weights of a batch of data.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="x">Data, [B, D].</param>
    /// <param name="firstImage">Index of the first image, which names its random streams.</param>
    /// <param name="options">Samples and seed.</param>
    /// <param name="cancellation">Asks to stop.</param>
    internal static WeightMoments Weigh(
        DensityModel model,
        torch.Tensor x,
        long firstImage,
        EvaluationOptions options,
        CancellationToken cancellation = default)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var encoded = model.Encode(x);
        var streams = new RandomStreams(options.Seed);
        int samples = SamplesOf(model, options);
        var moments = WeightMoments.None(x, ParetoTail.LengthOf(samples) + 1);
        using var blocks = new EvaluationNoise(streams, firstImage, (int)x.shape[0], model.NoiseSize, samples, x.dtype, x.device);
        for (int block = 0; block < blocks.Count; block++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var blockScope = torch.NewDisposeScope();
            moments = moments.Add(model.LogImportanceWeights(encoded, blocks.Take(block))).MoveToOuterScope();
        }

        return moments.MoveToOuterScope();
    }

    private static int SamplesOf(DensityModel model, EvaluationOptions options) =>
        model.NoiseSize == 0 ? 1 : options.ImportanceSamples;

    private static void Store(ImageLikelihoods result, int first, WeightMoments moments, TailDraws draws, bool isExact)
    {
        int samples = moments.Count;
        double[] logSum = [.. moments.LogSum.cpu().data<double>()];
        double[] logSquareSum = [.. moments.LogSquareSum.cpu().data<double>()];
        double[] logMean = [.. moments.SumOfLogs.cpu().data<double>()];
        double[] largest = [.. moments.Largest.t().contiguous().cpu().data<double>()];
        int kept = (int)moments.Largest.shape[0];
        for (int i = 0; i < logSum.Length; i++)
        {
            double effective = Math.Exp((2 * logSum[i]) - logSquareSum[i]);
            result.LogLikelihood[first + i] = logSum[i] - Math.Log(samples);
            result.Elbo[first + i] = logMean[i] / samples;
            result.EffectiveSampleSize[first + i] = effective;
            (result.MonteCarloStandardError[first + i], result.ParetoShape[first + i]) = isExact
                ? (0, double.NaN)
                : MonteCarloError(
                    logSum[i], effective, samples, largest[(i * kept)..((i + 1) * kept)], draws);
        }
    }

    /// <summary>The standard error of log sum w of an image and the shape of its largest weights.</summary>
    internal static (double Error, double Shape) MonteCarloError(
        double logSum, double effective, int samples, double[] largest, TailDraws draws)
    {
        if (!ParetoTail.CanBeFitted(samples) || !double.IsFinite(logSum))
        {
            return (double.NaN, double.NaN);
        }

        // The delta method: sd of the mean weight over the mean weight. Right where no few weights carry the sum.
        double delta = Math.Sqrt(Math.Max(0, (samples / effective) - 1) / (samples - 1));
        return ParetoTail.Fit(largest) is { } tail
            ? (Math.Max(delta, tail.Spread(logSum, samples, draws)), tail.Shape)
            : (delta, largest.Max() > largest.Min() ? double.PositiveInfinity : 0);
    }
}

/// <summary>How a model is evaluated. The chunk size changes memory and speed, never a figure beyond rounding.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Importance samples an image, K.</summary>
    public int ImportanceSamples { get; init; } = 100;

    /// <summary>Seed of the binarization of the images and of the importance samples.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Images times samples that are computed at once on the CPU, if nothing else is asked for.</summary>
    internal const int RowsOnCpu = 2000;

    /// <summary>
    /// Images times samples that are computed at once; null for 2,000 on the CPU, and as many as the free memory of a CUDA
    /// device holds, at most 200,000.
    /// </summary>
    public int? RowsAtOnce { get; init; }
}

/// <summary>How many rows an evaluation computes at once: as given, or what the memory of a CUDA device holds.</summary>
internal sealed class RowsAtOnce(DensityModel model, EvaluationOptions options)
{
    // What a row took when it was first measured: later, libtorch holds memory that it has used before.
    private static readonly ConditionalWeakTable<DensityModel, StrongBox<double>> BytesOfRow = [];

    private const int Few = EvaluationOptions.RowsOnCpu;
    private const int Most = 200_000;

    // Of the free memory; the rest is for what an estimate from few rows misses.
    private const double Share = 0.6;

    // Of a row of any model: its noise, code and pixels.
    private const double LeastBytes = 4096;
    private readonly long? _free = model.Device.type == DeviceType.CUDA ? CudaMemory.Free() : null;
    private bool _isChosen = options.RowsAtOnce is not null || model.Device.type != DeviceType.CUDA;

    /// <summary>Rows of the next piece.</summary>
    public int Count { get; private set; } = options.RowsAtOnce ?? Few;

    /// <summary>A piece of so many rows was computed: from the memory that the first took follows how many fit.</summary>
    public void Took(int rows)
    {
        if (!_isChosen)
        {
            _isChosen = true;
            if (CudaMemory.Free() is { } left && _free is { } before)
            {
                double bytes = BytesOfRow.GetValue(
                    model, _ => new StrongBox<double>(Math.Max(LeastBytes, (double)(before - left) / rows))).Value;
                Count = (int)Math.Clamp(Share * left / bytes, Few, Most);
            }
        }
    }

    /// <summary>Whether an error is one of memory that fewer rows may escape; then they are fewer.</summary>
    public bool TryHalve(Exception exception)
    {
        if (!exception.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase) || Count < 2)
        {
            return false;
        }

        (Count, _isChosen) = (Count / 2, true);
        return true;
    }
}

/// <summary>
/// Latent noise of evaluated images: image i and block b of its importance samples have a stream of their own, so that
/// sample k of image i is the same whatever the batch, the limit, the chunk or K. For a CUDA device several threads draw a
/// block while the one before it is computed.
/// </summary>
internal sealed class EvaluationNoise : IDisposable
{
    /// <summary>Samples in a block. Part of every published figure: never change it.</summary>
    public const int BlockSamples = 100;

    private const int Group = 16;
    private readonly RandomStreams _streams;
    private readonly long _firstImage;
    private readonly int _images;
    private readonly int _size;
    private readonly int _samples;
    private readonly torch.ScalarType _type;
    private readonly torch.Device _device;
    private readonly torch.Tensor[] _drawn;
    private Task _drawing = Task.CompletedTask;
    private int _begun = -1;

    /// <summary>The noise of some images.</summary>
    /// <param name="streams">The streams of the evaluation.</param>
    /// <param name="firstImage">Index of the first image.</param>
    /// <param name="images">How many.</param>
    /// <param name="size">Numbers of a draw.</param>
    /// <param name="samples">Draws of each image.</param>
    /// <param name="type">Type of the noise.</param>
    /// <param name="device">Where it is wanted.</param>
    public EvaluationNoise(
        RandomStreams streams, long firstImage, int images, int size, int samples, torch.ScalarType type, torch.Device device)
    {
        (_streams, _firstImage, _images, _size, _samples, _type, _device) =
            (streams, firstImage, images, size, samples, type, device);
        Count = (samples + BlockSamples - 1) / BlockSamples;
        using var scope = torch.NewDisposeScope();
        int buffers = device.type == DeviceType.CPU ? 1 : Math.Min(2, Count);
        long numbers = NumbersToDraw((long)SamplesOf(0) * size, (long)BlockSamples * size);
        _drawn = [.. Enumerable.Range(0, buffers).Select(_ =>
        {
            var drawn = torch.empty([images, numbers]);
            return (device.type == DeviceType.CPU ? drawn : drawn.pin_memory()).DetachFromDisposeScope();
        })];
    }

    /// <summary>Blocks of samples.</summary>
    public int Count { get; }

    /// <summary>The first <paramref name="samples"/> draws of block <paramref name="block"/>: [samples, B, size].</summary>
    public static torch.Tensor Block(
        RandomStreams streams,
        long firstImage,
        int images,
        int block,
        int samples,
        int size,
        torch.ScalarType type,
        torch.Device device)
    {
        using var noise = new EvaluationNoise(
            streams, firstImage, images, size, (block * BlockSamples) + samples, type, device);
        return noise.Take(block);
    }

    /// <summary>The draws of a block, [samples, B, size]; blocks are taken in order.</summary>
    public torch.Tensor Take(int block)
    {
        using var scope = torch.NewDisposeScope();
        if (_device.type == DeviceType.CPU)
        {
            Draw(block, 0, _images);
        }
        else
        {
            if (_begun != block)
            {
                Begin(block);
            }

            _drawing.GetAwaiter().GetResult();
        }

        int samples = SamplesOf(block);
        var noise = _drawn[block % _drawn.Length].to(_device, non_blocking: true)
            .narrow(1, 0, (long)samples * _size).view(_images, samples, _size).transpose(0, 1).contiguous().to(_type);
        if (_device.type != DeviceType.CPU && block + 1 < Count)
        {
            // What the device computes of the block before last, and with it the buffer that is drawn into next, is done.
            torch.cuda.synchronize();
            Begin(block + 1);
        }

        return noise.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _drawing.Wait();
        foreach (var drawn in _drawn)
        {
            drawn.Dispose();
        }
    }

    private int SamplesOf(int block) => Math.Min(BlockSamples, _samples - (block * BlockSamples));

    private void Begin(int block)
    {
        _begun = block;
        int pieces = Math.Min(_images, Environment.ProcessorCount);
        _drawing = Task.Run(() => Parallel.For(0, pieces, piece => Draw(
            block, (int)((long)_images * piece / pieces), (int)((long)_images * (piece + 1) / pieces))));
    }

    private void Draw(int block, int first, int last)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        long numbers = NumbersToDraw((long)SamplesOf(block) * _size, (long)BlockSamples * _size);
        for (int image = first; image < last; image++)
        {
            using var generator = _streams.Open(StreamPurpose.EvaluationNoise, index: _firstImage + image, chunk: block);
            using var row = _drawn[block % _drawn.Length].select(0, image);
            using var drawn = row.narrow(0, 0, numbers);
            drawn.normal_(0, 1, generator);
        }
    }

    /// <summary>
    /// How many numbers begin with the first ones of a whole block. libtorch makes normal numbers of uniform ones sixteen at
    /// a time, in place, and the last sixteen of a draw from new ones where their number is no multiple of sixteen.
    /// </summary>
    private static long NumbersToDraw(long used, long block)
    {
        long whole = (used + Group - 1) / Group * Group;
        return whole <= block - Group ? whole : block;
    }
}

/// <summary>Running sums over the log importance weights of a batch, in float64.</summary>
/// <param name="LogSum">log sum w, [B].</param>
/// <param name="LogSquareSum">log sum w^2, [B].</param>
/// <param name="SumOfLogs">sum log w, [B].</param>
/// <param name="Largest">The largest log w so far, [at most <paramref name="Kept"/>, B], in no order.</param>
/// <param name="Kept">How many of the largest are kept.</param>
/// <param name="Count">Samples so far.</param>
internal sealed record WeightMoments(
    torch.Tensor LogSum,
    torch.Tensor LogSquareSum,
    torch.Tensor SumOfLogs,
    torch.Tensor Largest,
    int Kept,
    int Count)
{
    /// <summary>No samples yet of the images x [B, D].</summary>
    public static WeightMoments None(torch.Tensor x, int kept)
    {
        var empty = TensorArithmetic.Full([x.shape[0]], double.NegativeInfinity, torch.ScalarType.Float64, x.device);
        var none = torch.empty([0, x.shape[0]], torch.ScalarType.Float64, x.device);
        return new WeightMoments(empty, empty.alias(), torch.zeros_like(empty), none, kept, 0);
    }

    /// <summary>With the samples [K, B] of one more block.</summary>
    public WeightMoments Add(torch.Tensor logWeights)
    {
        var weights = logWeights.to(torch.ScalarType.Float64);
        var all = torch.cat([Largest, weights]);
        return new WeightMoments(
            torch.logaddexp(LogSum, weights.logsumexp(0)),
            torch.logaddexp(LogSquareSum, weights.Times(2).logsumexp(0)),
            SumOfLogs.Plus(weights.sum([0])),
            all.topk((int)Math.Min(Kept, all.shape[0]), 0, sorted: false).values,
            Kept,
            Count + (int)weights.shape[0]);
    }

    /// <summary>Keeps the sums beyond the current dispose scope.</summary>
    public WeightMoments MoveToOuterScope()
    {
        LogSum.MoveToOuterDisposeScope();
        LogSquareSum.MoveToOuterDisposeScope();
        SumOfLogs.MoveToOuterDisposeScope();
        Largest.MoveToOuterDisposeScope();
        return this;
    }
}

/// <summary>A number for each image, computed in batches on the data that models are evaluated on.</summary>
internal static class PerImage
{
    private const int ImagesAtOnce = 1000;

    /// <summary>The numbers of all images, in their order.</summary>
    /// <param name="images">The images.</param>
    /// <param name="binarization">How grey values become data.</param>
    /// <param name="seed">Seed of the evaluation.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="numbers">From data [B, D] to the numbers [B].</param>
    public static double[] Compute(
        ImageSet images,
        BinarizationRule binarization,
        long seed,
        torch.Device device,
        Func<torch.Tensor, torch.Tensor> numbers)
    {
        using var noGrad = torch.no_grad();
        double[] result = new double[images.Count];
        for (int first = 0; first < images.Count; first += ImagesAtOnce)
        {
            using var scope = torch.NewDisposeScope();
            int count = Math.Min(ImagesAtOnce, images.Count - first);
            var grey = images.Slice(first, count).ToTensor().to(device);
            var x = Binarization.EvaluationImages(grey, first, binarization, new RandomStreams(seed));
            numbers(x).to(torch.ScalarType.Float64).cpu().data<double>().CopyTo(result, first);
        }

        return result;
    }
}
