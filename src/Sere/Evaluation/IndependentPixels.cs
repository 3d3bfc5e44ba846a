using Sere.Data;
using Sere.Distributions;
using Sere.Likelihoods;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// The trivial baseline that every model must beat: independent binary pixels with the means of the training images.
/// </summary>
public static class IndependentPixels
{
    private const int ImagesAtOnce = 1000;

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
        double[] result = new double[images.Count];
        for (int first = 0; first < images.Count; first += ImagesAtOnce)
        {
            using var batchScope = torch.NewDisposeScope();
            int count = Math.Min(ImagesAtOnce, images.Count - first);
            var grey = images.Slice(first, count).ToTensor();
            var x = Binarization.EvaluationImages(grey, first, binarization, new RandomStreams(seed));
            pixels.LogProb(x).to(torch.ScalarType.Float64).data<double>().CopyTo(result, first);
        }

        return result;
    }
}
