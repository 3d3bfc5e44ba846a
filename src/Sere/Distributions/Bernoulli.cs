using TorchSharp;

namespace Sere.Distributions;

/// <summary>Independent binary dimensions with p(x = 1) = sigmoid(logit).</summary>
public sealed class Bernoulli : FactorizedDistribution
{
    /// <summary>A distribution with the given logits, [..., D].</summary>
    public Bernoulli(torch.Tensor logits)
    {
        Logits = logits;
    }

    /// <summary>log(p / (1 - p)), [..., D].</summary>
    public torch.Tensor Logits { get; }

    /// <inheritdoc/>
    public override torch.Tensor Mean => Logits.sigmoid();

    /// <inheritdoc/>
    public override torch.Tensor LogProbPerDimension(torch.Tensor x)
    {
        // x logit - log(1 + e^logit), with the second term through |logit| so that it neither overflows nor cancels.
        ArgumentNullException.ThrowIfNull(x);
        var logNormalizer = Logits.relu() + (-Logits.abs()).exp().log1p();
        return (x * Logits) - logNormalizer;
    }

    /// <inheritdoc/>
    public override torch.Tensor FromUniform(torch.Tensor uniform)
    {
        ArgumentNullException.ThrowIfNull(uniform);
        return (uniform < Mean).to_type(Logits.dtype);
    }
}
