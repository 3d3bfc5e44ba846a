using Sere.Kernels;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Distributions;

/// <summary>Independent binary dimensions with p(x = 1) = sigmoid(logit).</summary>
internal sealed class Bernoulli(torch.Tensor logits) : FactorizedDistribution
{
    /// <summary>log(p / (1 - p)), [..., D].</summary>
    public torch.Tensor Logits { get; } = logits;

    public override torch.Tensor Mean => Logits.sigmoid();

    public override torch.Tensor LogProbPerDimension(torch.Tensor x)
    {
        return BernoulliLogLikelihood.LogProb(Logits, x);
    }

    /// <summary>(x - p) / sqrt(p (1 - p)), which is e^(-logit/2) for 1 and -e^(logit/2) for 0.</summary>
    public override torch.Tensor Standardize(torch.Tensor x)
    {
        var sign = x.Times(2).Minus(1);
        return sign * (sign * Logits).Times(-0.5).exp();
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
/// <param name="logits">log(p / (1 - p)) of the binary variables, [..., D].</param>
/// <param name="temperature">Greater than 0.</param>
internal sealed class BinaryConcrete(torch.Tensor logits, double temperature) : FactorizedDistribution
{
    public override torch.Tensor Mean => logits.Over(temperature);

    public override torch.Tensor LogProbPerDimension(torch.Tensor x)
    {
        // The logistic density sigmoid(t) sigmoid(-t) of the noise t, by whose factor y is narrower.
        var noise = x.Times(temperature) - logits;
        return noise.log_sigmoid().Plus((-noise).log_sigmoid()).Plus(Math.Log(temperature));
    }

    public override torch.Tensor Standardize(torch.Tensor x) =>
        (x.Times(temperature) - logits).Times(Math.Sqrt(3) / Math.PI);

    /// <summary>A draw from standard logistic noise, [..., D].</summary>
    public torch.Tensor FromNoise(torch.Tensor logistic) => logits.Plus(logistic).Over(temperature);

    public override torch.Tensor FromUniform(torch.Tensor uniform)
    {
        return FromNoise(uniform.Clamp(1e-7, 1 - 1e-7).logit());
    }
}
