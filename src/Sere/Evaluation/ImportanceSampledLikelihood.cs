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
            EffectiveSampleSize = new double[images.Count],
        };
        using var noGrad = torch.no_grad();
        var threads = ThreadTuner.For(model);
        int batch = BatchSize(options);
        for (int first = 0; first < images.Count; first += batch)
        {
            int count = Math.Min(batch, images.Count - first);
            using var scope = torch.NewDisposeScope();
            var grey = images.Slice(first, count).ToTensor().to(device ?? torch.CPU);
            var x = Binarization.EvaluationImages(grey, first, binarization, new RandomStreams(options.Seed));
            var moments = Weigh(model, x, first, options, cancellation, threads);
            Store(result, first, moments, isExact: model.NoiseSize == 0);
            onImages?.Invoke(first + count);
        }

        return result;
    }

    /// <summary>The moments of the importance weights of a batch of data.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="x">Data, [B, D].</param>
    /// <param name="firstImage">Index of the first image, which names its random streams.</param>
    /// <param name="options">Samples and seed.</param>
    /// <param name="cancellation">Asks to stop.</param>
    /// <param name="threads">Is told how long each block of samples takes.</param>
    internal static WeightMoments Weigh(
        DensityModel model,
        torch.Tensor x,
        long firstImage,
        EvaluationOptions options,
        CancellationToken cancellation = default,
        ThreadTuner? threads = null)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var encoded = model.Encode(x);
        var streams = new RandomStreams(options.Seed);
        int samples = model.NoiseSize == 0 ? 1 : options.ImportanceSamples;
        var moments = WeightMoments.None(x);
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

    private static void Store(ImageLikelihoods result, int first, WeightMoments moments, bool isExact)
    {
        double[] logSum = [.. moments.LogSum.cpu().data<double>()];
        double[] logSquareSum = [.. moments.LogSquareSum.cpu().data<double>()];
        double[] logMean = [.. moments.SumOfLogs.cpu().data<double>()];
        for (int i = 0; i < logSum.Length; i++)
        {
            double effective = Math.Exp((2 * logSum[i]) - logSquareSum[i]);
            result.LogLikelihood[first + i] = logSum[i] - Math.Log(moments.Count);
            result.Elbo[first + i] = logMean[i] / moments.Count;
            result.EffectiveSampleSize[first + i] = effective;

            // The delta method: sd of the mean weight over the mean weight.
            result.MonteCarloStandardError[first + i] = moments.Count > 1
                ? Math.Sqrt(Math.Max(0, (moments.Count / effective) - 1) / (moments.Count - 1))
                : isExact ? 0 : double.NaN;
        }
    }
}
