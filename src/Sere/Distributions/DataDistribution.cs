using TorchSharp;

namespace Sere.Distributions;

/// <summary>
/// A distribution of a block of data, [..., D]: what sampling, pictures and coding need of it. Its dimensions belong to
/// positions that are independent of each other, each of one dimension or of the channels of a pixel.
/// </summary>
public abstract class DataDistribution : Distribution
{
    /// <inheritdoc/>
    public override int EventRank => 1;

    /// <summary>The mean of each dimension, [..., D], or what stands for it in pictures.</summary>
    public abstract torch.Tensor Mean { get; }

    /// <summary>Log-density or log-mass of each position, [..., positions], in nats.</summary>
    public abstract torch.Tensor LogProbPerPosition(torch.Tensor x);

    /// <summary>
    /// Maps uniform numbers in [0, 1), one for each dimension, to a draw (inversion of the distribution of each dimension,
    /// given those before it).
    /// </summary>
    public abstract torch.Tensor FromUniform(torch.Tensor uniform);

    /// <inheritdoc/>
    public override torch.Tensor LogProb(torch.Tensor x) => LogProbPerPosition(x).sum(-1);

    /// <inheritdoc/>
    public override torch.Tensor Sample(torch.Generator generator, params long[] sampleShape)
    {
        var mean = Mean;
        var uniform = torch.rand([.. sampleShape, .. mean.shape], mean.dtype, generator: generator);
        return FromUniform(uniform.to(mean.device));
    }
}
