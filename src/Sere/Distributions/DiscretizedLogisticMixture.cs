using Sere.Numerics;
using TorchSharp;

namespace Sere.Distributions;

/// <summary>
/// A mixture of discretized logistics for each pixel (Salimans et al. 2017; section 4.2.1): sum_m w_m prod_c P(x_c | m,
/// x_{&lt;c}) over levels 0..V-1. In a component the mean of a channel moves linearly with the channels before it, by
/// coefficients tanh(k). With y the value scaled to [-1, 1], a = (y - mean + h) / s, b = (y - mean - h) / s and h half a
/// bin, log P is log sigma(a) + log sigma(-b) + log(-expm1(-(a - b))) between the ends; level 0 has log sigma(a), and level
/// V-1 log sigma(-b): the open tails are theirs alone. The masses sum to 1 for any parameters; there is no other formula
/// for small ones.
/// </summary>
internal sealed class DiscretizedLogisticMixture : DataDistribution
{
    private readonly LogisticMixtureSettings _settings;
    private readonly torch.Tensor _parameters;
    private readonly torch.Tensor _logits;
    private readonly torch.Tensor _means;
    private readonly torch.Tensor _scales;
    private readonly torch.Tensor? _coefficients;

    /// <summary>A distribution of P pixels from unconstrained parameters.</summary>
    /// <param name="settings">Channels, components and levels.</param>
    /// <param name="parameters">
    /// [..., ParametersPerPixel P]: for each parameter the pixels; first the logits of the components, then the means
    /// [C, M], the scales before softplus and floor [C, M], and the coefficients before tanh, those of channel 2 on 1, of 3
    /// on 1 and of 3 on 2 [3, M].
    /// </param>
    public DiscretizedLogisticMixture(LogisticMixtureSettings settings, torch.Tensor parameters)
    {
        settings.Validate();
        _settings = settings;
        _parameters = parameters;
        int mixtures = settings.Mixtures;
        int means = settings.Channels * mixtures;
        var table = parameters.view([.. parameters.shape[..^1], settings.ParametersPerPixel, -1]);
        long pixels = table.shape[^1];
        long[] components = [.. parameters.shape[..^1], settings.Channels, mixtures, pixels];
        _logits = table.narrow(-2, 0, mixtures);
        _means = table.narrow(-2, mixtures, means).view(components);
        _scales = table.narrow(-2, mixtures + means, means).Softplus().view(components)
            .Plus(settings.ScaleFloor);
        if (settings.Coefficients > 0)
        {
            _coefficients = table.narrow(-2, mixtures + (2 * means), settings.Coefficients * mixtures).tanh()
                .view([.. parameters.shape[..^1], settings.Coefficients, mixtures, pixels]);
        }
    }

    /// <summary>
    /// For pictures: the mean of the logistics cut off at the ends, the channels before a channel at their own means.
    /// [..., C P], channel by channel.
    /// </summary>
    public override torch.Tensor Mean
    {
        get
        {
            var weights = _logits.softmax(-2);
            var channels = new List<torch.Tensor>(_settings.Channels);
            var means = new List<torch.Tensor>(_settings.Channels);
            for (int channel = 0; channel < _settings.Channels; channel++)
            {
                var mean = Shifted(channel, means);
                var scale = _scales.select(-3, channel);
                var upper = (mean.Plus(1) / scale).Softplus();
                var lower = (mean.Minus(1) / scale).Softplus();
                var cut = (scale * (upper - lower)).Minus(1);
                means.Add(cut);
                channels.Add((weights * cut).sum(-2).Plus(1).Over(2).Clamp(0, 1));
            }

            return torch.cat([.. channels], -1);
        }
    }

    public override torch.Tensor LogProbPerPosition(torch.Tensor x)
    {
        var channels = Channels(x);
        var logMass = LogMass(channels, 0);
        for (int channel = 1; channel < _settings.Channels; channel++)
        {
            logMass = logMass.Plus(LogMass(channels, channel));
        }

        return _logits.log_softmax(-2).Plus(logMass).logsumexp(-2);
    }

    /// <summary>By mean and variance of the mixture of logistics, whose weights the channels before a channel have changed.</summary>
    public override torch.Tensor Standardize(torch.Tensor x)
    {
        var channels = Channels(x);
        var logWeights = _logits.log_softmax(-2);
        var standardized = new List<torch.Tensor>(_settings.Channels);
        for (int channel = 0; channel < _settings.Channels; channel++)
        {
            var weights = logWeights.softmax(-2);
            var mean = Shifted(channel, Values(channels.Take(channel)));
            var mixtureMean = (weights * mean).sum(-2);
            var squares = mean.Square().Plus(_scales.select(-3, channel).Square().Times(Math.PI * Math.PI / 3));
            var variance = (weights * squares).sum(-2) - mixtureMean.Square();
            standardized.Add((Value(channels[channel]) - mixtureMean) / variance.ClampBelow(_settings.HalfBin * _settings.HalfBin).sqrt());
            logWeights = logWeights.Plus(LogMass(channels, channel));
        }

        return torch.cat([.. standardized], -1);
    }

    /// <summary>
    /// The level of a channel is the number of levels below the last whose distribution function, given the channels
    /// before it, does not exceed the uniform number.
    /// </summary>
    public override torch.Tensor FromUniform(torch.Tensor uniform)
    {
        var numbers = uniform.chunk(_settings.Channels, -1);
        var logWeights = _logits.log_softmax(-2);
        var levels = new List<torch.Tensor>(_settings.Channels);
        for (int channel = 0; channel < _settings.Channels; channel++)
        {
            var values = Values(levels);
            var mean = Shifted(channel, values);
            var level = Invert(numbers[channel], logWeights.softmax(-2), mean, _scales.select(-3, channel));
            levels.Add(level);
            logWeights = logWeights.Plus(LogMass(levels, channel));
        }

        return torch.cat([.. levels], -1).Over(_settings.Levels - 1);
    }

    private torch.Tensor Invert(torch.Tensor uniform, torch.Tensor weights, torch.Tensor mean, torch.Tensor scale)
    {
        var low = torch.zeros_like(uniform);
        var high = low.Plus(_settings.Levels - 1);
        for (int range = _settings.Levels; range > 1; range = (range + 1) / 2)
        {
            using var scope = torch.NewDisposeScope();
            var middle = low.Plus(high).Over(2).floor();
            var upperEnd = Value(middle).unsqueeze(-2).Plus(_settings.HalfBin);
            var cumulative = (weights * ((upperEnd - mean) / scale).sigmoid()).sum(-2);
            var above = cumulative.le(uniform).logical_and(low.lt(high));
            (low, high) = (
                torch.where(above, middle.Plus(1), low).MoveToOuterDisposeScope(),
                torch.where(above, high, torch.minimum(middle, high)).MoveToOuterDisposeScope());
        }

        return low;
    }

    /// <summary>Levels of each channel, each [..., P].</summary>
    private torch.Tensor[] Channels(torch.Tensor x) =>
        x.Times(_settings.Levels - 1).round().chunk(_settings.Channels, -1);

    /// <summary>Levels as values in [-1, 1], for each component: each [..., 1, P].</summary>
    private torch.Tensor[] Values(IEnumerable<torch.Tensor> levels) => [.. levels.Select(level => Value(level).unsqueeze(-2))];

    private torch.Tensor Value(torch.Tensor level) => level.Times(2 * _settings.HalfBin).Minus(1);

    /// <summary>The means of a channel given the values of those before it, [..., M, P].</summary>
    private torch.Tensor Shifted(int channel, IReadOnlyList<torch.Tensor> values)
    {
        var mean = _means.select(-3, channel);
        int first = channel * (channel - 1) / 2;
        for (int earlier = 0; earlier < channel; earlier++)
        {
            mean = mean.Plus(_coefficients!.select(-3, first + earlier) * values[earlier]);
        }

        return mean;
    }

    /// <summary>log P(x_c | m, x_&lt;c) of each component, [..., M, P].</summary>
    private torch.Tensor LogMass(IReadOnlyList<torch.Tensor> levels, int channel)
    {
        var level = levels[channel].unsqueeze(-2);
        var distance = Value(level) - Shifted(channel, Values(levels.Take(channel)));
        var scale = _scales.select(-3, channel);
        var notLast = level.IsBelow(_settings.Levels - 1).to_type(scale.dtype);
        var notFirst = level.IsAbove(0).to_type(scale.dtype);

        // Each term is finite wherever it is left out, so that 0 times its gradient is 0.
        return (notLast * (distance.Plus(_settings.HalfBin) / scale).log_sigmoid())
            .Plus(notFirst * ((-distance).Plus(_settings.HalfBin) / scale).log_sigmoid())
            .Plus(notLast * notFirst * (-scale.reciprocal().Times(-2 * _settings.HalfBin).expm1()).log());
    }
}

/// <summary>What a <see cref="DiscretizedLogisticMixture"/> is beside its parameters.</summary>
/// <param name="Channels">C, the dimensions of a pixel: 1 or 3.</param>
/// <param name="Mixtures">M, the components of a pixel; 1 to 100.</param>
/// <param name="Levels">V, the levels of a value, which are 0, 1/(V-1), ..., 1; at least 2.</param>
/// <param name="ScaleFloor">The smallest scale of a logistic, in units in which the values go from -1 to 1; above 0.</param>
internal sealed record LogisticMixtureSettings(int Channels, int Mixtures, int Levels, double ScaleFloor)
{
    /// <summary>Coefficients of a component: each channel on those before it.</summary>
    public int Coefficients => Channels * (Channels - 1) / 2;

    /// <summary>Unconstrained parameters of a pixel: M logits, C M means, C M scales, and M of each coefficient.</summary>
    public int ParametersPerPixel => Mixtures * (1 + (2 * Channels) + Coefficients);

    /// <summary>Half the width of a bin, where the values go from -1 to 1.</summary>
    internal double HalfBin => 1.0 / (Levels - 1);

    internal void Validate()
    {
        if (Channels is not (1 or 3))
        {
            throw new UsageException(
                $"Mixtures of logistics are of images with 1 or 3 channels, not {Channels}; choose other images.");
        }
    }
}
