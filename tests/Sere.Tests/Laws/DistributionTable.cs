using Sere.Bijectors;
using Sere.Distributions;
using Sere.Kernels;
using Sere.Likelihoods;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>Every distribution of the library: whatever is added to it obeys law 2.</summary>
public static class DistributionTable
{
    private static readonly Dictionary<string, Func<DistributionCase>> Cases = new()
    {
        ["diagonal normal, 1 dimension"] = () => Normal([], 1),
        ["diagonal normal, 2 dimensions"] = () => Normal([], 2),
        ["diagonal normal, batched"] = () => Normal([3, 2], 2),
        ["diagonal normal, one mean for a batch"] = () => Normal(Float64.Normal(50, 2), Float64.Normal(51, 3, 2), [3]),
        ["diagonal normal, one scale for a batch"] = () => Normal(Float64.Normal(50, 3, 2), Float64.Normal(51, 2), [3]),
        ["standard normal"] = Standard,
        ["normal refined by residuals"] = Refined,
        ["flow of the whole image"] = Flow,
        ["masked convolutions"] = Autoregressive,
        ["Bernoulli"] = () => Binary(Float64.Vector(-2, -0.5, 0, 0.1, 1, 3), []),
        ["Bernoulli, batched"] = () => Binary(Float64.Normal(40, 2, 3, 4), [2, 3]),
        ["Bernoulli, extreme"] = () => Binary(Float64.Vector(-100, 100, 0, -30), []),
        ["normal under a diagonal affine map"] = () => Transformed(Normal([], 2), DiagonalAffine),
        ["normal under a rank-one affine map, N = 1"] = () => Transformed(Normal([], 1), RankOne),
        ["normal under a rank-one affine map, N = 2"] = () => Transformed(Normal([], 2), RankOne),
        ["normal under the inverse of a rank-one affine map"] = () => Transformed(Normal([], 2), Inverse),
        ["normal under rank-one affine maps, batched"] = () => Transformed(Normal([3], 2), RankOne),
        ["normal under a chain"] = () => Transformed(Normal([], 2), Chain),
        ["normal under a block"] = () => Transformed(Normal([3, 2], 1), Block, eventRank: 2),
        ["mixture of logistics of two levels"] = () => Mixture([], 1, 3),
        ["mixture of logistics of two levels, batched"] = () => Mixture([2, 3], 1, 2),
        ["mixture of logistics of two levels in three channels"] = () => Mixture([2], 3, 1),
        ["binary concrete"] = () => Concrete([], 2),
        ["binary concrete, batched"] = () => Concrete([3], 2),
        ["unit-rank normal, 1 dimension"] = () => UnitRank([], 1),
        ["unit-rank normal, 2 dimensions"] = () => UnitRank([], 2),
        ["unit-rank normal, batched"] = () => UnitRank([3], 2),
        ["unit-rank normal, u = 0"] = () => UnitRank([], 2, direction: 0),
        ["normal layer without a context"] = () => Layer(2, context: null),
        ["normal layer with a context"] = () => Layer(1, context: 3),
    };

    /// <summary>The names of the cases.</summary>
    public static TheoryData<string> Names => [.. Cases.Keys];

    /// <summary>The names of the cases with independent dimensions.</summary>
    public static TheoryData<string> FactorizedNames => Where(test => test.Bind() is FactorizedDistribution);

    /// <summary>The names of the cases with a density.</summary>
    public static TheoryData<string> ContinuousNames => Where(test => !test.IsBinary);

    internal static DistributionCase Build(string name) => Cases[name]();

    private static TheoryData<string> Where(Predicate<DistributionCase> condition)
    {
        using var scope = torch.NewDisposeScope();
        return [.. Cases.Where(entry => condition(entry.Value())).Select(entry => entry.Key)];
    }

    private static DistributionCase Normal(long[] batchShape, int size)
    {
        long[] shape = [.. batchShape, size];
        return Normal(Float64.Normal(50, shape), Float64.Normal(51, shape), batchShape);
    }

    private static DistributionCase Normal(torch.Tensor mean, torch.Tensor logScale, long[] batchShape)
    {
        var (meanLeaf, logScaleLeaf) = (Float64.Leaf(mean), Float64.Leaf(logScale.Times(0.2).Minus(0.4)));
        return new DistributionCase(
            () => new DiagonalNormal(meanLeaf, logScaleLeaf), batchShape, [mean.shape[^1]], [meanLeaf, logScaleLeaf]);
    }

    private static DistributionCase UnitRank(long[] batchShape, int size, double direction = 1)
    {
        long[] shape = [.. batchShape, size];
        torch.Tensor[] leaves =
        [
            Float64.Leaf(Float64.Normal(50, shape)),
            Float64.Leaf(Float64.Normal(51, shape).Times(0.3)),
            Float64.Leaf(Float64.Normal(52, shape).Times(direction)),
        ];
        return new DistributionCase(() => new UnitRankNormal(leaves[0], leaves[1], leaves[2]), batchShape, [size], leaves);
    }

    private static DistributionCase Standard() =>
        new(() => DiagonalNormal.Standard(2, torch.empty(0, torch.ScalarType.Float64)), [], [2], []);

    private static DistributionCase Refined()
    {
        torch.Tensor[] leaves =
        [
            .. Enumerable.Range(0, 4).Select(index => Float64.Leaf(Float64.Normal(52 + index, 3, 2).Times(0.2))),
        ];
        return new DistributionCase(
            () => ResidualNormal.Refine(
                new DiagonalNormal(leaves[0], leaves[1]), leaves[2], leaves[3], PosteriorResidual.Scaled),
            [3],
            [2],
            leaves);
    }

    private static DistributionCase Autoregressive()
    {
        var pixels = new MaskedConvolutionPixels { Layers = 2, Channels = 2, FirstKernel = 3 };
        var likelihood = new AutoregressiveLikelihood(
            new FeatureShape(1, 2, 3), new BernoulliFamily(), pixels, new ParameterInitializer(62, torch.ScalarType.Float64));
        Parameters.Randomize(likelihood, 63);
        return new DistributionCase(() => likelihood.Step(0, [], []), [], [6], [.. likelihood.parameters()]) { IsBinary = true };
    }

    private static DistributionCase Flow()
    {
        var network = new PerceptronDesign([4], Activation.Tanh);
        var flow = new FlowData { Network = network, Flow = new MaskedAutoregressiveFlow { Network = network, Steps = 2 } }
            .BuildFlow(2, [], new ParameterInitializer(62, torch.ScalarType.Float64));
        return new DistributionCase(() => flow.Step(0, [], []), [1], [2], [.. flow.parameters()]);
    }

    private static DistributionCase Binary(torch.Tensor logits, long[] batchShape)
    {
        var leaf = Float64.Leaf(logits);
        return new DistributionCase(() => new Bernoulli(leaf), batchShape, [logits.shape[^1]], [leaf]) { IsBinary = true };
    }

    private static DistributionCase Mixture(long[] batchShape, int channels, int pixels)
    {
        var settings = new LogisticMixtureSettings(channels, Mixtures: 2, Levels: 2, ScaleFloor: 0.05);
        var leaf = Float64.Leaf(Float64.Normal(41, [.. batchShape, settings.ParametersPerPixel * pixels]));
        return new DistributionCase(
            () => new DiscretizedLogisticMixture(settings, leaf), batchShape, [channels * pixels], [leaf])
        {
            IsBinary = true,
        };
    }

    // Cold enough that the tails end within the grid, warm enough that it resolves the middle.
    private static DistributionCase Concrete(long[] batchShape, int size)
    {
        var leaf = Float64.Leaf(Float64.Normal(40, [.. batchShape, size]));
        return new DistributionCase(() => new BinaryConcrete(leaf, 3), batchShape, [size], [leaf]);
    }

    private static DistributionCase Layer(int size, int? context)
    {
        const int Batch = 3;
        var initializer = new ParameterInitializer(60, torch.ScalarType.Float64);
        var parameters = context is null
            ? new ContextNetwork(initializer.Normal(0.5, 2 * size))
            : new ContextNetwork(new Mlp(context.Value, [3], 2 * size, Activation.Tanh, initializer));
        var layer = new NormalLayer(parameters, meanBound: 5, scaleFloor: 0.3, scaleCeiling: 1.6);
        var given = context is null ? null : Float64.Leaf(Float64.Normal(61, Batch, context.Value));
        return new DistributionCase(
            () => layer.Bind(given),
            context is null ? [] : [Batch],
            [size],
            [.. layer.parameters(), .. given is null ? Array.Empty<torch.Tensor>() : [given]]);
    }

    /// <summary>The push-forward under a bijector of four parameter tensors like the base's mean.</summary>
    private static DistributionCase Transformed(
        DistributionCase inner,
        Func<IReadOnlyList<torch.Tensor>, Bijector> bijector,
        int eventRank = 1)
    {
        long[] shape = [.. inner.BatchShape, .. inner.EventShape];
        torch.Tensor[] parameters =
        [
            Float64.Leaf(Float64.Normal(70, shape)),
            Float64.Leaf(Float64.Normal(71, shape).Times(0.2).exp()),
            Float64.Leaf(Float64.Normal(72, shape).Times(0.6)),
            Float64.Leaf(Float64.Normal(73, shape).Times(0.2).exp()),
        ];
        return new DistributionCase(
            () => new TransformedDistribution(inner.Bind(), bijector(parameters)),
            shape[..^eventRank],
            shape[^eventRank..],
            [.. inner.Leaves, .. parameters]);
    }

    private static DiagonalAffineBijector DiagonalAffine(IReadOnlyList<torch.Tensor> parameters) =>
        new(parameters[0], parameters[1]);

    private static RankOneAffineBijector RankOne(IReadOnlyList<torch.Tensor> parameters) =>
        new(parameters[0], parameters[1], parameters[2]);

    private static InverseBijector Inverse(IReadOnlyList<torch.Tensor> parameters) => new(RankOne(parameters));

    private static ChainBijector Chain(IReadOnlyList<torch.Tensor> parameters) => new(
        DiagonalAffine(parameters),
        RankOne(parameters),
        new InverseBijector(new DiagonalAffineBijector(parameters[2], parameters[3])));

    private static BlockBijector Block(IReadOnlyList<torch.Tensor> parameters) => new(RankOne(parameters), 1);
}
