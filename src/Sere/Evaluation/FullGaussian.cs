using Sere.Bijectors;
using Sere.Data;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// The trivial baseline of densities in logit space: one normal distribution with the mean and covariance of the training
/// images, shrunk toward its diagonal by the share, of a few, that the validation images choose. In float64.
/// </summary>
public static class FullGaussian
{
    private static readonly double[] Shares = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
    private static readonly double LogTwoPi = Math.Log(2 * Math.PI);

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
        var data = Logits(training);
        var mean = data.mean([0]);
        data.sub_(mean);
        var covariance = data.t().mm(data) / data.shape[0];
        var (held, test) = (Logits(validation) - mean, Logits(images) - mean);
        double best = double.NegativeInfinity;
        double[]? result = null;
        foreach (double share in Shares)
        {
            using var shareScope = torch.NewDisposeScope();
            var shrunk = (covariance * (1 - share)) + (covariance.diag() * share).diag();
            var (factor, failed) = torch.linalg.cholesky_ex(shrunk);
            if (failed.item<int>() != 0)
            {
                continue;
            }

            double score = LogDensity(held, factor).mean().item<double>();
            if (score > best)
            {
                best = score;
                result = [.. LogDensity(test, factor).data<double>()];
            }
        }

        return result ?? throw new SereException(
            "The training images have no normal distribution in logit space, since a dimension of theirs is constant; leave the "
            + "row full-gaussian out of the suite.");
    }

    private static torch.Tensor LogDensity(torch.Tensor residual, torch.Tensor factor)
    {
        var whitened = torch.linalg.solve_triangular(factor, residual.t(), upper: false);
        return (whitened.square().sum([0]) * -0.5) - factor.diag().log().sum() - (0.5 * residual.shape[1] * LogTwoPi);
    }
}
