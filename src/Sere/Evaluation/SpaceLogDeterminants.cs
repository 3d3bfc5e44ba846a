using Sere.Data;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// log|det| of the map from each image to the space that its log-likelihood is counted in: with it, a log-likelihood in
/// logit space becomes that of the pixels.
/// </summary>
public static class SpaceLogDeterminants
{
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
        return PerImage.Compute(images, binarization, seed, device, model.SpaceLogDeterminant);
    }

    /// <summary>The same for a density of logits, or of the values themselves, without the model.</summary>
    /// <param name="alpha">The alpha of the logit; null for none.</param>
    /// <param name="images">The images.</param>
    /// <param name="binarization">How grey values become data.</param>
    /// <param name="seed">Seed of the evaluation.</param>
    internal static double[] Of(double? alpha, ImageSet images, BinarizationRule binarization, long seed)
    {
        using var space = new DataSpace(
            alpha, DataNormalization.None, images.Shape.Dimensions, new ParameterInitializer(seed));
        return PerImage.Compute(images, binarization, seed, device: null, space.SpaceLogDeterminant);
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
