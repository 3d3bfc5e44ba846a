using System.Globalization;
using Sere.Data;
using Sere.Evaluation;
using Sere.Numerics;
using Sere.Runs;
using TorchSharp;

namespace Sere.Benchmarks;

/// <summary>
/// How often the Monte-Carlo error of an image holds what it says: each image's bound is estimated many times from samples
/// of its own, and each way to tell the error from one estimate's samples is held against the spread of the estimates.
/// </summary>
internal static class MonteCarloErrorCoverage
{
    private const int ImagesAtOnce = 20;
    private const int Groups = 10;
    private const double Limit = ImageLikelihoods.LargestReliableShape;

    private static readonly (string Name, Func<double[], TailDraws, double> Error)[] Ways =
    [
        ("delta method", (weights, _) => Delta(weights)),
        ("jackknife", (weights, _) => Jackknife(weights)),
        ("10 groups", (weights, _) => Grouped(weights)),
        ("Pareto tail", (weights, draws) => Library(weights, draws).Error),
    ];

    /// <summary>Measures the first test images of a run and prints a table.</summary>
    /// <param name="run">The run's folder.</param>
    /// <param name="samples">Importance samples of an estimate, K.</param>
    /// <param name="images">How many images.</param>
    /// <param name="repeats">Estimates of an image.</param>
    public static void Run(string run, int samples, int images = 40, int repeats = 100)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        using var model = TrainedModel.Load(run);
        var test = RunDataset.LoadTrainedOn(model.Configuration, null).Test;
        double[][] weights = LogWeights(model, test.Slice(0, Math.Min(images, test.Count)), samples * repeats);
        var draws = new TailDraws(ParetoTail.LengthOf(samples));
        var estimates = weights.Select(image => image.Chunk(samples).Select(LogMean).ToArray()).ToArray();
        double[] spreads = [.. estimates.Select(image => SampleStatistics.Of(image).StandardError * Math.Sqrt(repeats))];
        double[] means = [.. estimates.Select(image => image.Average())];
        double[] shapes = [.. weights.SelectMany(image => image.Chunk(samples)).Select(chunk => Library(chunk, draws).Shape)];
        double[] totals = [.. weights.Select(LogMean)];
        Console.WriteLine($"K = {samples}, {weights.Length} images, {repeats} estimates of each, in nats");
        Console.WriteLine($"spread of an image's estimates: median {Median(spreads):F2}, largest {spreads.Max():F2}");
        Console.WriteLine(
            $"bound of all {samples * repeats} samples less that of {samples}: {totals.Zip(means, (a, b) => a - b).Average():F2}");
        Console.WriteLine(
            $"Pareto shape: from {shapes.Min():F2} to {shapes.Max():F2}, median {Median(shapes):F2}, beyond "
            + $"{Limit} in {Percent(shapes, shape => shape > Limit):F1} %");
        Console.WriteLine("| error | holds the mean, % | of the worst image | holds the bound of all, % | error / spread |");
        Console.WriteLine("| --- | --- | --- | --- | --- |");
        Estimate[] light = [];
        foreach (var (name, error) in Ways)
        {
            Estimate[][] all =
            [
                .. weights.Select((image, i) => image.Chunk(samples).Select((chunk, j) => new Estimate(
                    error(chunk, draws), estimates[i][j] - means[i], estimates[i][j] - totals[i], spreads[i])).ToArray()),
            ];
            Estimate[] flat = [.. all.SelectMany(image => image)];
            double[] ratios = [.. flat.Select(estimate => estimate.Error / estimate.Spread).Order()];
            Console.WriteLine(
                $"| {name} | {Percent(flat, HoldsMean):F1} | {all.Min(image => Percent(image, HoldsMean)):F0} "
                + $"| {Percent(flat, HoldsTotal):F1} "
                + $"| {Median(ratios):F2} ({ratios[ratios.Length / 20]:F2} to {ratios[ratios.Length * 19 / 20]:F2}) |");

            // Of the last way, which is the library's own.
            light = [.. flat.Where((_, i) => shapes[i] <= Limit)];
        }

        Console.WriteLine(
            $"of the {light.Length} estimates below the limit of the shape, the last holds the mean in "
            + $"{Percent(light, HoldsMean):F1} %");
    }

    private static bool HoldsMean(Estimate estimate) => Math.Abs(estimate.FromMean) <= 1.96 * estimate.Error;

    private static bool HoldsTotal(Estimate estimate) => Math.Abs(estimate.FromTotal) <= 1.96 * estimate.Error;

    private static double Percent<T>(T[] values, Func<T, bool> isSo) => 100.0 * values.Count(isSo) / Math.Max(1, values.Length);

    /// <summary>The log importance weights of each image, [images][samples].</summary>
    private static double[][] LogWeights(TrainedModel model, ImageSet images, int samples)
    {
        using var noGrad = torch.no_grad();
        var streams = new RandomStreams(1);
        double[][] weights = [.. Enumerable.Range(0, images.Count).Select(_ => new double[samples])];
        for (int first = 0; first < images.Count; first += ImagesAtOnce)
        {
            using var scope = torch.NewDisposeScope();
            int count = Math.Min(ImagesAtOnce, images.Count - first);
            var encoded = model.Model.Encode(model.Prepare(images.Slice(first, count), streams, first));
            for (int done = 0, block = 0; done < samples; done += EvaluationNoise.BlockSamples, block++)
            {
                using var blockScope = torch.NewDisposeScope();
                int drawn = Math.Min(EvaluationNoise.BlockSamples, samples - done);
                var noise = EvaluationNoise.Block(
                    streams, first, count, block, drawn, model.Model.NoiseSize, torch.ScalarType.Float32, torch.CPU);
                var logWeights = model.Model.LogImportanceWeights(encoded, noise).to(torch.ScalarType.Float64);
                for (int i = 0; i < count; i++)
                {
                    logWeights.select(1, i).contiguous().data<double>().CopyTo(weights[first + i], done);
                }
            }
        }

        return weights;
    }

    private static (double Error, double Shape) Library(double[] logWeights, TailDraws draws) =>
        ImportanceSampledLikelihood.MonteCarloError(
            LogMean(logWeights) + Math.Log(logWeights.Length),
            Math.Exp((2 * LogMean(logWeights)) - LogMean([.. logWeights.Select(value => 2 * value)])) * logWeights.Length,
            logWeights.Length,
            [.. logWeights.OrderDescending().Take(ParetoTail.LengthOf(logWeights.Length) + 1)],
            draws);

    private static double Delta(double[] logWeights)
    {
        double logMean = LogMean(logWeights);
        return SampleStatistics.Of([.. logWeights.Select(value => Math.Exp(value - logMean))]).StandardError;
    }

    private static double Jackknife(double[] logWeights)
    {
        double largest = logWeights.Max();
        double[] weights = [.. logWeights.Select(value => Math.Exp(value - largest)).Order()];
        double sum = weights.Sum();

        // The largest may be nearly all of the sum.
        double[] without = [.. weights[..^1].Select(weight => Math.Log(sum - weight)), Math.Log(weights[..^1].Sum())];
        return SampleStatistics.Of(without).StandardError * (weights.Length - 1);
    }

    private static double Grouped(double[] logWeights) => SampleStatistics.Of(
        [.. logWeights.Chunk(logWeights.Length / Groups).Take(Groups).Select(LogMean)]).StandardError;

    private static double LogMean(double[] logWeights)
    {
        double largest = logWeights.Max();
        return largest + Math.Log(logWeights.Average(value => Math.Exp(value - largest)));
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    /// <summary>An estimate: its error as told, and how far it is from what it estimates.</summary>
    private sealed record Estimate(double Error, double FromMean, double FromTotal, double Spread);
}
