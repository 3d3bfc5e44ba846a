using Sere.Data;
using Sere.Distributions;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// The trivial baseline of grey and colour images: every value of a channel has the same distribution, independent of all
/// others, a mixture of discretized logistics that is fitted to the training images.
/// </summary>
public static class ChannelLogisticMixture
{
    /// <summary>Components of a channel's mixture.</summary>
    public const int Mixtures = 10;

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
        var settings = new LogisticMixtureSettings(1, Mixtures, (int)levels);
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

    private static int Level(ImageSet images, int index, int levels)
    {
        double value = images.IsReal ? images.Values[index] : images.Pixels[index] / 255.0;
        return (int)Math.Clamp(Math.Round(value * (levels - 1)), 0, levels - 1);
    }
}
