using TorchSharp;

namespace Sere.Distributions;

/// <summary>A distribution over vectors whose dimensions are independent.</summary>
public abstract class FactorizedDistribution : DataDistribution
{
    /// <summary>Log-density of each dimension, [..., D], in nats.</summary>
    public abstract torch.Tensor LogProbPerDimension(torch.Tensor x);

    /// <inheritdoc/>
    public override torch.Tensor LogProbPerPosition(torch.Tensor x) => LogProbPerDimension(x);
}
