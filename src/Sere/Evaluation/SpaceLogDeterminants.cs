using Sere.Data;
using Sere.Models;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// log|det| of the map from each image to the space that its log-likelihood is counted in: with it, a log-likelihood in
/// logit space becomes that of the pixels.
/// </summary>
public static class SpaceLogDeterminants
{
    private const int ImagesAtOnce = 1000;

    /// <summary>The log-determinants of images that are prepared as for <see cref="ImportanceSampledLikelihood"/>, in nats.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="images">The images.</param>
    /// <param name="binarization">How grey values become data.</param>
    /// <param name="seed">Seed of the evaluation.</param>
    /// <param name="device">Where the model is; null for the CPU.</param>
    public static double[] Of(
        DensityModel model,
        ImageSet images,
        BinarizationRule binarization,
        long seed,
        torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(images);
        using var noGrad = torch.no_grad();
        double[] result = new double[images.Count];
        for (int first = 0; first < images.Count; first += ImagesAtOnce)
        {
            using var scope = torch.NewDisposeScope();
            int count = Math.Min(ImagesAtOnce, images.Count - first);
            var grey = images.Slice(first, count).ToTensor().to(device ?? torch.CPU);
            var x = Binarization.EvaluationImages(grey, first, binarization, new RandomStreams(seed));
            model.SpaceLogDeterminant(x).to(torch.ScalarType.Float64).cpu().data<double>().CopyTo(result, first);
        }

        return result;
    }

    /// <summary>
    /// Bits for each dimension of 8-bit images from the log-likelihood of their dequantized values (paper: Table 4):
    /// -(log p + log|det| - D log 256) / (D log 2). It is an upper bound on that of the images themselves.
    /// </summary>
    /// <param name="logLikelihood">Mean log-likelihood in the model's space, in nats.</param>
    /// <param name="logDeterminant">Mean of the log-determinants, in nats.</param>
    /// <param name="dimensions">D.</param>
    public static double BitsPerDim(double logLikelihood, double logDeterminant, int dimensions) =>
        8 - ((logLikelihood + logDeterminant) / (dimensions * Math.Log(2)));
}
