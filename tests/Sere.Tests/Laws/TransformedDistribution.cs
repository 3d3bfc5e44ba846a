using Sere.Bijectors;
using Sere.Distributions;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>
/// The distribution of z = f(eps) with eps from a base distribution and f a bijector: densities of z, which the program
/// never needs (Proposition 1). Where the bijector is batched the base must be too.
/// </summary>
internal sealed class TransformedDistribution(Distribution baseDistribution, Bijector bijector) : Distribution
{
    public override int EventRank { get; } = Math.Max(baseDistribution.EventRank, bijector.EventRank);

    public override torch.Tensor LogProb(torch.Tensor x)
    {
        var (eps, logDeterminant) = bijector.Inverse(x);
        return EventSum.Of(baseDistribution.LogProb(eps), EventRank - baseDistribution.EventRank)
            .Plus(EventSum.Of(logDeterminant, EventRank - bijector.EventRank));
    }

    public override torch.Tensor Sample(torch.Generator generator, params long[] sampleShape) =>
        bijector.Transform(baseDistribution.Sample(generator, sampleShape));
}
