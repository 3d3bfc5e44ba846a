using Sere.Distributions;
using Sere.Numerics;
using Sere.Numerics.Kernels;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>Grey or colour images of whole levels: mixtures of discretized logistics, pixel by pixel.</summary>
public sealed class LogisticMixtureFamily : DataFamily
{
    // Scales that cover the range between the spread means.
    private const double InitialScale = 0.25;
    private readonly LogisticMixtureSettings _settings;

    /// <summary>A family of images of so many channels, components and levels.</summary>
    public LogisticMixtureFamily(LogisticMixtureSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        _settings = settings;
    }

    /// <inheritdoc/>
    public override int Channels => _settings.Channels;

    /// <inheritdoc/>
    public override int ParametersPerPosition => _settings.ParametersPerPixel;

    /// <inheritdoc/>
    public override string Space => "discrete";

    /// <inheritdoc/>
    public override DataDistribution Bind(torch.Tensor parameters) => new DiscretizedLogisticMixture(_settings, parameters);

    /// <inheritdoc/>
    public override torch.Tensor LogLikelihood(torch.Tensor parameters, torch.Tensor blocks, torch.Tensor mask)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return FusedKernels.Take(parameters, withoutGradient: [blocks, mask])
            ? LogisticMixtureLogLikelihoodFunction.Apply(_settings, parameters, blocks, mask)
            : base.LogLikelihood(parameters, blocks, mask);
    }

    /// <summary>
    /// Equal weights; means of the components spread around the mean of each dimension; no dependence between channels.
    /// </summary>
    /// <param name="mean">Mean of each dimension over the training data, [D].</param>
    public override torch.Tensor InitialParameters(torch.Tensor mean)
    {
        ArgumentNullException.ThrowIfNull(mean);
        int mixtures = _settings.Mixtures;
        var center = mean.Times(2).Minus(1).view(Channels, 1, -1);
        double[] offsets = [.. Enumerable.Range(0, mixtures).Select(m => ((m + 0.5) / mixtures) - 0.5)];
        var means = center.Plus(torch.tensor(offsets, mean.dtype, mean.device).view(1, mixtures, 1));
        long pixels = center.shape[2];
        return torch.cat(
        [
            torch.zeros(mixtures * pixels, mean.dtype, mean.device),
            means.flatten(),
            TensorArithmetic.Full(
                [Channels * mixtures * pixels], Math.Log(Math.Exp(InitialScale) - 1), mean.dtype, mean.device),
            torch.zeros(_settings.Coefficients * mixtures * pixels, mean.dtype, mean.device),
        ]);
    }
}
