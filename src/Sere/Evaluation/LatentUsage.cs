using Sere.Data;
using Sere.Models;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>How much of the latent space the data uses.</summary>
/// <param name="Elbo">Evidence lower bound by one draw an image, mean over images, in nats.</param>
/// <param name="KlPerLayer">Kullback-Leibler divergence of each layer, mean over images, in nats.</param>
/// <param name="KlPerUnit">The same of each unit, layer after layer; empty for a model without latents.</param>
/// <param name="Activity">
/// Variance over the data of E_q[(mu_q - mu_p) / s_p] of each unit. The variance of the posterior's mean alone would not
/// do: with conditional priors it moves with the codes above even where x adds nothing.
/// </param>
public sealed record LatentUsage(
    double Elbo,
    IReadOnlyList<double> KlPerLayer,
    IReadOnlyList<double> KlPerUnit,
    IReadOnlyList<double> Activity)
{
    /// <summary>A unit is active when its <see cref="Activity"/> exceeds this.</summary>
    public const double ActivityThreshold = 0.01;

    /// <summary>Images that are measured at once; a CUDA device takes as long for some more.</summary>
    internal static int ImagesAtOnce(DensityModel model) => model.Device.type == DeviceType.CUDA ? 2000 : 500;

    /// <summary>Number of active units.</summary>
    public int ActiveUnits => Activity.Count(variance => variance > ActivityThreshold);

    /// <summary>Measures a model on images.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="images">The images.</param>
    /// <param name="binarization">How grey values become data.</param>
    /// <param name="seed">Seed of binarization and noise.</param>
    public static LatentUsage Measure(DensityModel model, ImageSet images, BinarizationRule binarization, long seed)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(images);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var streams = new RandomStreams(seed);
        var logLikelihoods = new List<torch.Tensor>();
        var divergences = new List<torch.Tensor>();
        var summaries = new List<(PosteriorSummary First, PosteriorSummary Second)>();
        for (int first = 0, count; first < images.Count; first += count)
        {
            count = Math.Min(ImagesAtOnce(model), images.Count - first);
            using var batchScope = torch.NewDisposeScope();
            var grey = images.Slice(first, count).ToTensor().to(model.Device);
            var x = Binarization.EvaluationImages(grey, first, binarization, streams);
            var noise = EvaluationNoise.Block(streams, first, count, 0, 2, model.NoiseSize, x.dtype, x.device);
            var encoded = model.Encode(x);
            var terms = model.Elbo(encoded, noise[0]);
            logLikelihoods.Add(terms.LogLikelihood.to(torch.ScalarType.Float64).MoveToOuterDisposeScope());
            divergences.Add(terms.KlPerLayer.to(torch.ScalarType.Float64).MoveToOuterDisposeScope());
            summaries.Add((Keep(model.Summarize(encoded, noise[0])), Keep(model.Summarize(encoded, noise[1]))));
        }

        double logLikelihood = torch.cat(logLikelihoods).mean().item<double>();
        double[] klPerLayer = [.. torch.cat(divergences, 1).mean([1]).cpu().data<double>()];
        return new LatentUsage(
            logLikelihood - klPerLayer.Sum(),
            klPerLayer,
            [.. torch.cat([.. summaries.Select(pair => pair.First.KlPerUnit)]).mean([0]).cpu().data<double>()],
            Covariance(
                torch.cat([.. summaries.Select(pair => pair.First.StandardizedShift)]),
                torch.cat([.. summaries.Select(pair => pair.Second.StandardizedShift)])));
    }

    /// <summary>
    /// The covariance over images of two independent draws: the variance of their common expectation, without the variance
    /// that one draw has of its own.
    /// </summary>
    private static double[] Covariance(torch.Tensor first, torch.Tensor second)
    {
        var product = (first - first.mean([0], keepdim: true)) * (second - second.mean([0], keepdim: true));
        return [.. product.sum([0]).Over(Math.Max(1, first.shape[0] - 1)).cpu().data<double>()];
    }

    private static PosteriorSummary Keep(PosteriorSummary summary) => new(
        summary.StandardizedShift.to(torch.ScalarType.Float64).MoveToOuterDisposeScope(),
        summary.KlPerUnit.to(torch.ScalarType.Float64).MoveToOuterDisposeScope());
}

/// <summary>
/// What the residual data layer adds to gamma1 alone (Figure S7): the mean over images, and a posterior draw of each, of
/// log p(x_l | gamma1_l + delta_l) - log p(x_l | gamma1_l), in nats.
/// </summary>
/// <param name="PerBlock">The gain of each block.</param>
public sealed record ResidualGain(IReadOnlyList<double> PerBlock)
{
    private const int ImagesAtOnce = 500;

    /// <summary>Measures a model on images; null where it has no residual data layer.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="images">The images.</param>
    /// <param name="binarization">How grey values become data.</param>
    /// <param name="seed">Seed of binarization and noise.</param>
    public static ResidualGain? Measure(DensityModel model, ImageSet images, BinarizationRule binarization, long seed)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (!model.Likelihood.HasResidual)
        {
            return null;
        }

        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var streams = new RandomStreams(seed);
        var gains = new List<torch.Tensor>();
        for (int first = 0; first < images.Count; first += ImagesAtOnce)
        {
            int count = Math.Min(ImagesAtOnce, images.Count - first);
            using var batchScope = torch.NewDisposeScope();
            var grey = images.Slice(first, count).ToTensor().to(model.Device);
            var x = Binarization.EvaluationImages(grey, first, binarization, streams);
            var noise = EvaluationNoise.Block(streams, first, count, 0, 1, model.NoiseSize, x.dtype, x.device)[0];
            var encoded = model.Encode(x);
            var codes = model.Hierarchy.Draw(encoded.Evidence, noise).Codes;
            gains.Add(model.Likelihood.ResidualGain(codes, encoded.Data)
                .to(torch.ScalarType.Float64).cpu().MoveToOuterDisposeScope());
        }

        return new ResidualGain([.. torch.cat(gains, 1).unbind(0).Select(block => block.data<double>().ToArray().Average())]);
    }
}
