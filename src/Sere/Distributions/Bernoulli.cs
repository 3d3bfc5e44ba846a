using Sere.Kernels;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Distributions;

/// <summary>Independent binary dimensions with p(x = 1) = sigmoid(logit).</summary>
internal sealed class Bernoulli : FactorizedDistribution
{
    /// <summary>A distribution with the given logits, [..., D].</summary>
    public Bernoulli(torch.Tensor logits)
    {
        Logits = logits;
    }

    /// <summary>log(p / (1 - p)), [..., D].</summary>
    public torch.Tensor Logits { get; }

    public override torch.Tensor Mean => Logits.sigmoid();

    public override torch.Tensor LogProbPerDimension(torch.Tensor x)
    {
        return BernoulliLogLikelihood.LogProb(Logits, x);
    }

    public override torch.Tensor FromUniform(torch.Tensor uniform)
    {
        return (uniform < Mean).to_type(Logits.dtype);
    }
}

/// <summary>
/// Independent relaxed binary dimensions in logit space (Maddison et al. 2017): y = (logit + logistic noise) / temperature,
/// of which sigmoid(y) tends to a binary variable with p(1) = sigmoid(logit) as the temperature falls.
/// </summary>
internal sealed class BinaryConcrete : FactorizedDistribution
{
    private readonly torch.Tensor _logits;
    private readonly double _temperature;

    /// <summary>A distribution with the given logits, [..., D].</summary>
    /// <param name="logits">log(p / (1 - p)) of the binary variables, [..., D].</param>
    /// <param name="temperature">Greater than 0.</param>
    public BinaryConcrete(torch.Tensor logits, double temperature)
    {
        _logits = logits;
        _temperature = temperature;
    }

    public override torch.Tensor Mean => _logits.Over(_temperature);

    public override torch.Tensor LogProbPerDimension(torch.Tensor x)
    {
        // The logistic density sigmoid(t) sigmoid(-t) of the noise t, by whose factor y is narrower.
        var noise = x.Times(_temperature) - _logits;
        return noise.log_sigmoid().Plus((-noise).log_sigmoid()).Plus(Math.Log(_temperature));
    }

    /// <summary>A draw from standard logistic noise, [..., D].</summary>
    public torch.Tensor FromNoise(torch.Tensor logistic) => _logits.Plus(logistic).Over(_temperature);

    public override torch.Tensor FromUniform(torch.Tensor uniform)
    {
        return FromNoise(uniform.Clamp(1e-7, 1 - 1e-7).logit());
    }
}
