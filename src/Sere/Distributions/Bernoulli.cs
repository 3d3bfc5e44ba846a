using Sere.Numerics;
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
        // x logit - log(1 + e^logit). The fused log-sigmoid neither overflows nor cancels, and has a gradient at 0, which
        // a sum of terms in max(logit, 0) and |logit| has not.
        ArgumentNullException.ThrowIfNull(x);
        return (x * Logits).Plus((-Logits).log_sigmoid());
    }

    /// <inheritdoc/>
    public override torch.Tensor FromUniform(torch.Tensor uniform)
    {
        ArgumentNullException.ThrowIfNull(uniform);
        return (uniform < Mean).to_type(Logits.dtype);
    }
}
