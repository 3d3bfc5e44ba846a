using Sere.Distributions;
using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// The distribution of data, position by position: how unconstrained parameters become a distribution. Residuals are added in the
/// unconstrained parameters; squashing and floors come after the sum.
/// </summary>
internal abstract class DataFamily
{
    /// <summary>
    /// C, the dimensions of a position: 1 where dimensions are independent, else the channels of a pixel. A block of C > 1
    /// holds whole pixels, channel by channel.
    /// </summary>
    public virtual int Channels => 1;

    /// <summary>Unconstrained parameters of a position, P.</summary>
    public abstract int ParametersPerPosition { get; }

    /// <summary>"discrete" for masses, "data" for densities: the space of the log-likelihood.</summary>
    public abstract string Space { get; }

    /// <summary>Unconstrained parameters of a block of so many dimensions.</summary>
    /// <param name="dimensions">Dimensions, a multiple of <see cref="Channels"/>.</param>
    public int ParameterCount(int dimensions) => dimensions / Channels * ParametersPerPosition;

    /// <summary>
    /// The distribution of D / C positions from parameters [..., P D / C]: all first parameters, then all second ones.
    /// </summary>
    public abstract DataDistribution Bind(torch.Tensor parameters);

    /// <summary>The parameters of the first dimensions of a padded block.</summary>
    /// <param name="parameters">[..., P D / C].</param>
    /// <param name="dimensions">How many; all where a position has several.</param>
    public torch.Tensor WithoutPadding(torch.Tensor parameters, int dimensions)
    {
        if (parameters.shape[^1] == ParameterCount(dimensions))
        {
            return parameters;
        }

        var parts = parameters.chunk(ParametersPerPosition, -1);
        return torch.cat([.. parts.Select(part => part.narrow(-1, 0, dimensions))], -1);
    }

    /// <summary>log p(x | parameters) in nats of whole blocks of dimensions.</summary>
    /// <param name="parameters">Unconstrained parameters, [S, K, B, P D / C].</param>
    /// <param name="blocks">Data, [S, B, D].</param>
    /// <param name="mask">1 for a dimension, 0 for padding, [S, 1, D].</param>
    /// <returns>[K, B].</returns>
    public virtual torch.Tensor LogLikelihood(torch.Tensor parameters, torch.Tensor blocks, torch.Tensor mask)
    {
        var perPosition = Bind(parameters).LogProbPerPosition(blocks.unsqueeze(1));
        return (perPosition * mask.narrow(-1, 0, perPosition.shape[^1]).unsqueeze(1)).sum([0, 3]);
    }

    /// <summary>
    /// Unconstrained parameters [P D / C] with which independent dimensions have the given means: where training starts.
    /// </summary>
    /// <param name="mean">Mean of each dimension over the training data, [D].</param>
    public abstract torch.Tensor InitialParameters(torch.Tensor mean);
}

/// <summary>Independent Bernoulli pixels, for binary images. JSON kind "bernoulli".</summary>
public sealed record BernoulliData : DataChoice
{
    internal override bool TakesBinary => true;

    internal override string Binarization =>
        $"dynamic or threshold where model.data.kind is {Kind}, which has no likelihood for grey values";

    private protected override DataFamily Family(FeatureShape image) => new BernoulliFamily();
}

/// <summary>Binary data: one logit a dimension.</summary>
internal sealed class BernoulliFamily : DataFamily
{
    public override int ParametersPerPosition => 1;

    public override string Space => "discrete";

    public override DataDistribution Bind(torch.Tensor parameters) => new Bernoulli(parameters);

    public override torch.Tensor LogLikelihood(torch.Tensor parameters, torch.Tensor blocks, torch.Tensor mask) =>
        BernoulliLogLikelihood.Apply(parameters, blocks, mask);

    public override torch.Tensor InitialParameters(torch.Tensor mean)
    {
        // Pixels that are never on in the training data would have a logit of minus infinity.
        return mean.Clamp(0.001, 0.999).logit();
    }
}

/// <summary>Independent Gaussian pixels, for continuous data. JSON kind "gaussian".</summary>
public sealed record GaussianData : DataChoice
{
    /// <summary>Smallest standard deviation, in the data's own units.</summary>
    [In("(0, inf)")] public double ScaleFloor { get; init; } = 1e-3;

    private protected override DataFamily Family(FeatureShape image) => new GaussianFamily(ScaleFloor);
}

/// <summary>Continuous data: mean and standard deviation floor + softplus(s) a dimension.</summary>
internal sealed class GaussianFamily : DataFamily
{
    private readonly double _scaleFloor;

    /// <summary>A family with a lower bound on the standard deviation, without which a density is not bounded.</summary>
    public GaussianFamily(double scaleFloor)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scaleFloor);
        _scaleFloor = scaleFloor;
    }

    public override int ParametersPerPosition => 2;

    public override string Space => "data";

    public override DataDistribution Bind(torch.Tensor parameters)
    {
        var parts = parameters.chunk(2, -1);
        return new DiagonalNormal(parts[0], parts[1].Softplus().Plus(_scaleFloor).log());
    }

    public override torch.Tensor InitialParameters(torch.Tensor mean)
    {
        return torch.cat([mean, torch.zeros_like(mean)]);
    }
}

/// <summary>
/// Mixtures of discretized logistics, for grey or colour images of whole levels (Salimans et al. 2017). JSON kind
/// "logistic-mixture".
/// </summary>
public sealed record LogisticMixtureData : DataChoice
{
    /// <summary>Components of a pixel.</summary>
    [In("[1, 100]")] public int Mixtures { get; init; } = 5;

    /// <summary>Levels of a value; 256 for bytes.</summary>
    [In("[2, 65536]")] public int Levels { get; init; } = 256;

    /// <summary>Smallest scale of a logistic, in units in which the values go from -1 to 1.</summary>
    [In("[1e-6, 1]")] public double ScaleFloor { get; init; } = 1e-3;

    internal override int? WholeLevels => Levels;

    internal override string Binarization => $"none where model.data.kind is {Kind}, which is of grey or colour values";

    /// <summary>The mixtures of pixels of so many channels.</summary>
    internal LogisticMixtureSettings Settings(int channels) => new(channels, Mixtures, Levels, ScaleFloor);

    private protected override DataFamily Family(FeatureShape image) =>
        new LogisticMixtureFamily(Settings(image.IsVector ? 1 : image.Channels));
}

/// <summary>Grey or colour images of whole levels: mixtures of discretized logistics, pixel by pixel.</summary>
internal sealed class LogisticMixtureFamily : DataFamily
{
    // Scales that cover the range between the spread means.
    private const double InitialScale = 0.25;
    private readonly LogisticMixtureSettings _settings;

    /// <summary>A family of images of so many channels, components and levels.</summary>
    public LogisticMixtureFamily(LogisticMixtureSettings settings)
    {
        settings.Validate();
        _settings = settings;
    }

    public override int Channels => _settings.Channels;

    public override int ParametersPerPosition => _settings.ParametersPerPixel;

    public override string Space => "discrete";

    public override DataDistribution Bind(torch.Tensor parameters) => new DiscretizedLogisticMixture(_settings, parameters);

    public override torch.Tensor LogLikelihood(torch.Tensor parameters, torch.Tensor blocks, torch.Tensor mask) =>
        LogisticMixtureLogLikelihood.Apply(
            new(_settings.Channels, _settings.Mixtures, _settings.Levels, (float)_settings.ScaleFloor),
            parameters,
            blocks,
            mask,
            () => base.LogLikelihood(parameters, blocks, mask));

    /// <summary>
    /// Equal weights; means of the components spread around the mean of each dimension; no dependence between channels.
    /// </summary>
    /// <param name="mean">Mean of each dimension over the training data, [D].</param>
    public override torch.Tensor InitialParameters(torch.Tensor mean)
    {
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
