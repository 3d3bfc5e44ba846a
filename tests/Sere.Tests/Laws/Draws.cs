using Sere.Bijectors;
using Sere.Distributions;
using Sere.Hierarchies;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>Draws, divergences and steps as laws need them, of what the library has.</summary>
internal static class Draws
{
    /// <summary>Draws from a generator: [sampleShape, batch shape, event shape].</summary>
    public static torch.Tensor Sample(this Distribution distribution, torch.Generator generator, params long[] sampleShape)
    {
        torch.Tensor Normal(long[] shape) =>
            torch.randn([.. sampleShape, .. shape], torch.ScalarType.Float64, generator: generator);
        switch (distribution)
        {
            case TransformedDistribution transformed:
                return transformed.Bijector.Transform(transformed.Base.Sample(generator, sampleShape));
            case DiagonalNormal normal:
                // Where only one of the two is batched, each element of the batch still has noise of its own.
                return normal.FromNoise(Normal(torch.broadcast_tensors(normal.Mean, normal.LogScale)[0].shape));
            case UnitRankNormal unitRank:
                return unitRank.FromNoise(Normal(unitRank.FromNoise(torch.zeros(1, torch.ScalarType.Float64)).shape));
            default:
                var data = (DataDistribution)distribution;
                return data.FromUniform(
                    torch.rand([.. sampleShape, .. data.Mean.shape], torch.ScalarType.Float64, generator: generator));
        }
    }

    /// <summary>Draws, and the log-density of each draw by the way that it was drawn.</summary>
    public static (torch.Tensor Value, torch.Tensor LogProb) SampleAndLogProb(
        this Distribution distribution, torch.Generator generator, params long[] sampleShape)
    {
        if (distribution is not TransformedDistribution transformed)
        {
            var value = distribution.Sample(generator, sampleShape);
            return (value, distribution.LogProb(value));
        }

        var eps = transformed.Base.Sample(generator, sampleShape);
        var (code, logDeterminant) = transformed.Bijector.Forward(eps);
        int rank = transformed.EventRank;
        return (
            code,
            EventSum.Of(transformed.Base.LogProb(eps), rank - transformed.Base.EventRank)
            - EventSum.Of(logDeterminant, rank - transformed.Bijector.EventRank));
    }

    /// <summary>KL(q || p) in nats, [...].</summary>
    public static torch.Tensor KullbackLeibler(this DiagonalNormal q, DiagonalNormal p) =>
        q.KullbackLeiblerPerDimension(p).sum(-1);

    /// <summary>Steps that gave these codes.</summary>
    public static IReadOnlyList<LatentStep> Steps(params IReadOnlyList<torch.Tensor> codes) =>
    [
        .. codes.Select(code => new SampledLatentStep(code, code, DiagonalNormal.Standard((int)code.shape[^1], code), null)
        {
            LogPriorPerDimension = code,
            LogPosteriorPerDimension = null,
            Standardized = code,
            Noise = code,
        }),
    ];

    /// <summary>The bijector f_l(. | z_{l-1}) of a layer, given the codes of all earlier layers.</summary>
    public static Bijector BindBijector(this SelfReflectiveHierarchy hierarchy, int layer, IReadOnlyList<torch.Tensor> codes)
    {
        var latent = torch.zeros(hierarchy.Latents(layer), torch.ScalarType.Float64);
        return ((TransformedDistribution)hierarchy.Step(layer, Steps(codes), new LatentSource.Given(latent)).P).Bijector;
    }
}
