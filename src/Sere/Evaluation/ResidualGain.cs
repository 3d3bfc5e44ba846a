using Sere.Data;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// What the residual data layer adds to gamma1 alone (Figure S7): the mean over images, and a posterior draw of each, of
/// log p(x_l | gamma1_l + delta_l) - log p(x_l | gamma1_l), in nats.
/// </summary>
/// <param name="PerBlock">The gain of each block.</param>
/// <param name="StandardErrors">Its standard error over the images; NaN for one image.</param>
public sealed record ResidualGain(IReadOnlyList<double> PerBlock, IReadOnlyList<double> StandardErrors)
{
    private const int ImagesAtOnce = 500;

    /// <summary>Measures a model on images; null where it has no residual data layer.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="images">The images.</param>
    /// <param name="binarization">How grey values become data.</param>
    /// <param name="seed">Seed of binarization and noise.</param>
    /// <param name="device">Where the model is; null for the CPU.</param>
    public static ResidualGain? Measure(
        DensityModel model,
        ImageSet images,
        BinarizationRule binarization,
        long seed,
        torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (model is not VariationalModel { Likelihood: BlockwiseLikelihood { HasResidual: true } likelihood } variational)
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
            var grey = images.Slice(first, count).ToTensor().to(device ?? torch.CPU);
            var x = Binarization.EvaluationImages(grey, first, binarization, streams);
            var noise = EvaluationNoise.Block(streams, first, count, 0, 1, model.NoiseSize, x.dtype, x.device)[0];
            var encoded = model.Encode(x);
            var codes = variational.Hierarchy.Draw(encoded.Evidence, noise).Codes;
            gains.Add(likelihood.ResidualGain(codes, encoded.Data)
                .to(torch.ScalarType.Float64).cpu().MoveToOuterDisposeScope());
        }

        SampleStatistics[] blocks =
            [.. torch.cat(gains, 1).unbind(0).Select(block => SampleStatistics.Of([.. block.data<double>()]))];
        return new ResidualGain(
            [.. blocks.Select(block => block.Mean)], [.. blocks.Select(block => block.StandardError)]);
    }
}
