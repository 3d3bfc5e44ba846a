using Sere.Data;
using Sere.Distributions;
using Sere.Likelihoods;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// The trivial baseline that every model must beat: independent binary pixels with the means of the training images.
/// </summary>
public static class IndependentPixels
{
    /// <summary>log p(x) of each image in nats, exactly, on the binary images that models are evaluated on.</summary>
    /// <param name="training">Images that the means come from.</param>
    /// <param name="images">Images to score.</param>
    /// <param name="binarization">How grey values become data.</param>
    /// <param name="seed">Seed of the binarization.</param>
    public static double[] LogLikelihood(ImageSet training, ImageSet images, BinarizationRule binarization, long seed)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(images);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var family = new BernoulliFamily();
        var pixels = new Bernoulli(family.InitialParameters(training.Mean()));
        return PerImage.Compute(images, binarization, seed, device: null, pixels.LogProb);
    }
}
