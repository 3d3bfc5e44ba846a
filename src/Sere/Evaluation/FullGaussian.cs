using Sere.Bijectors;
using Sere.Data;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// The trivial baseline of densities in logit space: one normal distribution with the mean and covariance of the training
/// images, shrunk toward its diagonal as the validation images choose (<see cref="ShrunkCovariance"/>). In float64.
/// </summary>
public static class FullGaussian
{
    /// <summary>log p of each image in nats, in logit space, exactly, on the dequantized images that models are evaluated on.</summary>
    /// <param name="training">Images that mean and covariance come from.</param>
    /// <param name="validation">Images that choose the shrinkage.</param>
    /// <param name="images">Images to score.</param>
    /// <param name="binarization">How bytes become data.</param>
    /// <param name="alpha">The alpha of the logit: that of the flow it is compared with.</param>
    /// <param name="seed">Seed of the evaluation.</param>
    /// <exception cref="SereException">A dimension of the training images is constant.</exception>
    public static double[] LogLikelihood(
        ImageSet training, ImageSet validation, ImageSet images, BinarizationRule binarization, double alpha, long seed)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var streams = new RandomStreams(seed);
        torch.Tensor Logits(ImageSet set) => new LogitBijector(alpha).Transform(
            Binarization.EvaluationImages(set.ToTensor(), 0, binarization, streams).to(torch.ScalarType.Float64));
        var (mean, covariance) = ShrunkCovariance.Fit(Logits(training), Logits(validation)) ?? throw new SereException(
            "The training images have no normal distribution in logit space, since a dimension of theirs is constant; leave the "
            + "row full-gaussian out of the suite.");
        return [.. ShrunkCovariance.LogDensity(Logits(images), mean, covariance).data<double>()];
    }
}
