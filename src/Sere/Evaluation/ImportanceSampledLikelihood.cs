using System.Diagnostics;
using Sere.Data;
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
    /// <param name="device">Where the model is; null for the CPU.</param>
    /// <param name="onImages">Called with the number of images done.</param>
    /// <param name="cancellation">Asks to stop.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static ImageLikelihoods Evaluate(
        DensityModel model,
        ImageSet images,
        BinarizationRule binarization,
        EvaluationOptions options,
        torch.Device? device = null,
        Action<int>? onImages = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ImportanceSamples, 1, nameof(options));
        var result = new ImageLikelihoods
        {
            LogLikelihood = new double[images.Count],
            Elbo = new double[images.Count],
            MonteCarloStandardError = new double[images.Count],
            ParetoShape = new double[images.Count],
            EffectiveSampleSize = new double[images.Count],
        };
        using var noGrad = torch.no_grad();
        var threads = ThreadTuner.For(model);
        int batch = BatchSize(options);
        int samples = SamplesOf(model, options);
        var draws = new TailDraws(ParetoTail.LengthOf(samples));
        for (int first = 0; first < images.Count; first += batch)
        {
            int count = Math.Min(batch, images.Count - first);
            using var scope = torch.NewDisposeScope();
            var grey = images.Slice(first, count).ToTensor().to(device ?? torch.CPU);
            var x = Binarization.EvaluationImages(grey, first, binarization, new RandomStreams(options.Seed));
            var moments = Weigh(model, x, first, options, threads, cancellation);
            Store(result, first, moments, draws, isExact: model.NoiseSize == 0);
            onImages?.Invoke(first + count);
        }

        return result;
    }

    /// <summary>The moments of the importance weights of a batch of data.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="x">Data, [B, D].</param>
    /// <param name="firstImage">Index of the first image, which names its random streams.</param>
    /// <param name="options">Samples and seed.</param>
    /// <param name="threads">Is told how long each block of samples takes.</param>
    /// <param name="cancellation">Asks to stop.</param>
    internal static WeightMoments Weigh(
        DensityModel model,
        torch.Tensor x,
        long firstImage,
        EvaluationOptions options,
        ThreadTuner? threads = null,
        CancellationToken cancellation = default)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var encoded = model.Encode(x);
        var streams = new RandomStreams(options.Seed);
        int samples = SamplesOf(model, options);
        var moments = WeightMoments.None(x, ParetoTail.LengthOf(samples) + 1);
        for (int done = 0, block = 0; done < samples; block++)
        {
            cancellation.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            using var blockScope = torch.NewDisposeScope();
            int count = Math.Min(EvaluationNoise.BlockSamples, samples - done);
            var noise = EvaluationNoise.Block(
                streams, firstImage, (int)x.shape[0], block, count, model.NoiseSize, x.dtype, x.device);
            moments = moments.Add(model.LogImportanceWeights(encoded, noise)).MoveToOuterScope();
            done += count;
            threads?.Took(count * x.shape[0], Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return moments.MoveToOuterScope();
    }

    private static int BatchSize(EvaluationOptions options) =>
        Math.Max(1, options.RowsAtOnce / Math.Min(options.ImportanceSamples, EvaluationNoise.BlockSamples));

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
