using TorchSharp;

namespace Sere.Distributions;

/// <summary>A distribution over vectors whose dimensions are independent.</summary>
public abstract class FactorizedDistribution : Distribution
{
    /// <inheritdoc/>
    public override int EventRank => 1;

    /// <summary>The mean of each dimension, [..., D].</summary>
    public abstract torch.Tensor Mean { get; }

    /// <summary>Log-density of each dimension, [..., D], in nats.</summary>
    public abstract torch.Tensor LogProbPerDimension(torch.Tensor x);

    /// <summary>Maps uniform numbers in [0, 1) to a draw, dimension by dimension (inversion).</summary>
    public abstract torch.Tensor FromUniform(torch.Tensor uniform);

    /// <inheritdoc/>
    public override torch.Tensor LogProb(torch.Tensor x) => LogProbPerDimension(x).sum(-1);

    /// <inheritdoc/>
    public override torch.Tensor Sample(torch.Generator generator, params long[] sampleShape)
    {
        var mean = Mean;
        var uniform = torch.rand([.. sampleShape, .. mean.shape], mean.dtype, generator: generator);
        return FromUniform(uniform.to(mean.device));
    }
}
