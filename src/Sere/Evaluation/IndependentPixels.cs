using Sere.Bijectors;
using Sere.Data;
using Sere.Distributions;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using Sere.Numerics;
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
        return PerImage.Compute(images, binarization, seed, torch.CPU, pixels.LogProb);
    }
}

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

/// <summary>
/// The trivial baseline of grey and colour images: every value of a channel has the same distribution, independent of all
/// others, a mixture of discretized logistics that is fitted to the training images.
/// </summary>
public static class ChannelLogisticMixture
{
    private const int Mixtures = 10;
    private const int Steps = 500;
    private const double LearningRate = 0.05;

    /// <summary>log p(x) of each image in nats, exactly.</summary>
    /// <param name="training">Images to fit to.</param>
    /// <param name="images">Images to score, of the same shape.</param>
    /// <param name="levels">V, the levels of a value.</param>
    public static double[] LogLikelihood(ImageSet training, ImageSet images, int levels)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(images);
        using var scope = torch.NewDisposeScope();
        double[] logMass = [.. Fit(Frequencies(training, levels)).data<double>()];
        int channels = images.Shape.Channels;
        int pixels = images.Shape.Dimensions / channels;
        double[] result = new double[images.Count];
        for (int image = 0; image < images.Count; image++)
        {
            for (int i = 0; i < images.Shape.Dimensions; i++)
            {
                int level = Level(images, (image * images.Shape.Dimensions) + i, levels);
                result[image] += logMass[(level * channels) + (i / pixels)];
            }
        }

        return result;
    }

    /// <summary>The mixture of a channel.</summary>
    internal static LogisticMixtureSettings Settings(int levels) =>
        new LogisticMixtureData { Mixtures = Mixtures, Levels = levels }.Settings(channels: 1);

    /// <summary>How often each channel has each level, [V, C], each channel's sum 1.</summary>
    private static torch.Tensor Frequencies(ImageSet images, int levels)
    {
        int channels = images.Shape.Channels;
        int pixels = images.Shape.Dimensions / channels;
        long[] counts = new long[levels * channels];
        for (int i = 0; i < images.Count * images.Shape.Dimensions; i++)
        {
            counts[(Level(images, i, levels) * channels) + (i / pixels % channels)]++;
        }

        double all = (double)images.Count * pixels;
        return torch.tensor(Array.ConvertAll(counts, count => count / all), [levels, channels]);
    }

    /// <summary>
    /// Log-masses [V, C] of the mixtures. As the values of a channel count alike, their frequencies are all that the fit
    /// needs: each step sees every training image, and nothing is drawn.
    /// </summary>
    private static torch.Tensor Fit(torch.Tensor frequencies)
    {
        var (levels, channels) = (frequencies.shape[0], frequencies.shape[1]);
        var settings = Settings((int)levels);
        var values = TensorArithmetic.Indices(levels, torch.ScalarType.Float64)
            .Over(levels - 1).unsqueeze(1).expand(levels, channels);
        var parameters = Start(settings, channels);
        using var optimizer = torch.optim.Adam([parameters], LearningRate);
        for (int step = 0; step < Steps; step++)
        {
            using var scope = torch.NewDisposeScope();
            optimizer.zero_grad();
            (frequencies * LogMass()).sum().neg().backward();
            optimizer.step();
        }

        using var noGrad = torch.no_grad();
        return LogMass();

        torch.Tensor LogMass() =>
            new DiscretizedLogisticMixture(settings, parameters.unsqueeze(0)).LogProbPerPosition(values);
    }

    /// <summary>Equal weights, means spread over the range, scales that overlap: a channel is a pixel here.</summary>
    private static TorchSharp.Modules.Parameter Start(LogisticMixtureSettings settings, long channels)
    {
        double[] means = [.. Enumerable.Range(0, Mixtures).Select(m => ((2 * m) + 1.0) / Mixtures - 1)];
        var table = torch.stack(
        [
            torch.zeros(Mixtures, torch.ScalarType.Float64),
            torch.tensor(means),
            TensorArithmetic.Full([Mixtures], Math.Log(Math.Exp(1.0 / Mixtures) - 1), torch.ScalarType.Float64),
        ]);
        return torch.nn.Parameter(table.view(settings.ParametersPerPixel, 1).expand(-1, channels).flatten().clone());
    }

    /// <summary>The level of a value, from 0 to V - 1.</summary>
    internal static int Level(ImageSet images, int index, int levels)
    {
        double value = images.IsReal ? images.Values[index] : images.Pixels[index] / 255.0;
        return (int)Math.Clamp(Math.Round(value * (levels - 1)), 0, levels - 1);
    }
}

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
    public static double[] Of(DensityModel model, ImageSet images, BinarizationRule binarization, long seed)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(images);
        return PerImage.Compute(images, binarization, seed, model.Device, model.SpaceLogDeterminant);
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
        return PerImage.Compute(images, binarization, seed, torch.CPU, space.SpaceLogDeterminant);
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
