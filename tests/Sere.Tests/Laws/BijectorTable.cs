using Sere.Bijectors;
using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>Every bijector of the library, and the inverse of each: whatever is added to it obeys law 1.</summary>
public static class BijectorTable
{
    private const int Batch = 3;

    private static readonly Dictionary<string, Func<BijectorCase>> Constructors = new()
    {
        ["diagonal affine"] = () => DiagonalAffine([5], [3, 5]),
        ["diagonal affine, one scale for all"] = () => DiagonalAffine([], [2, 3]),
        ["diagonal affine, batched"] = () => DiagonalAffine([3, 1, 2], [3, 2, 2]),
        ["rank-one affine, N = 1"] = () => RankOne([1], [4, 1]),
        ["rank-one affine, N = 5"] = () => RankOne([3, 5], [3, 5]),
        ["rank-one affine, no batch"] = () => RankOne([5], [5]),
        ["rank-one affine, one map for a batch"] = () => RankOne([5], [2, 3, 5]),
        ["rank-one affine, K samples"] = () => RankOne([3, 5], [2, 3, 5]),
        ["rank-one affine, d at its floor"] = () => RankOne([3, 5], [3, 5], diagonal: 0.05),
        ["rank-one affine, d at its floor, large u"] = () => RankOne([3, 5], [3, 5], diagonal: 0.05, direction: 30),
        ["rank-one affine, u = 0"] = () => RankOne([3, 5], [3, 5], direction: 0),
        ["block of diagonal affine"] = () => Block(DiagonalAffine([4], [2, 3, 4]), 2),
        ["block of rank-one affine"] = () => Block(RankOne([3, 4], [2, 3, 4]), 1),
        ["block of nothing more"] = () => Block(RankOne([3], [2, 3]), 0),
        ["chain of one"] = () => Chain(RankOne([3], [2, 3])),
        ["chain of equal event ranks"] = () => Chain(RankOne([2, 3], [2, 3]), RankOne([3], [2, 3], seed: 20)),
        ["chain of event ranks 0, 1, 2"] = () => Chain(
            DiagonalAffine([4], [2, 3, 4]),
            RankOne([2, 3, 4], [2, 3, 4]),
            Block(DiagonalAffine([3, 4], [2, 3, 4], seed: 20), 2)),
        ["chain of event ranks 1, 2, 0"] = () => Chain(
            RankOne([4], [2, 3, 4]),
            Block(RankOne([3, 4], [2, 3, 4], seed: 20), 1).Inverse(),
            DiagonalAffine([], [2, 3, 4])),
        ["rank-one affine layer with a context"] = () => Layer(4, context: 3),
        ["rank-one affine layer without a context"] = () => Layer(12, context: null),
        ["identity"] = () => new BijectorCase(() => new IdentityLayer().Bind(null), 0, [], [2, 3]) { Amortized = new IdentityLayer() },
        ["reversal"] = () => new BijectorCase(() => new ReversalBijector(), 1, [], [2, 4]),
        ["reversal, no batch"] = () => new BijectorCase(() => new ReversalBijector(), 1, [], [3]),
        ["diagonal affine layer with a context"] = () => DiagonalLayer(4, context: 3),
        ["diagonal affine layer without a context"] = () => DiagonalLayer(3, context: null),
        ["inverse autoregressive flow, one step"] = () => Flow(4, context: 3, steps: 1, hidden: [7]),
        ["inverse autoregressive flow, three steps"] = () => Flow(4, context: 3, steps: 3, hidden: [5, 6]),
        ["inverse autoregressive flow without a context"] = () => Flow(3, context: null, steps: 2, hidden: [6]),
        ["inverse autoregressive flow, N = 1"] = () => Flow(1, context: 2, steps: 2, hidden: [3]),
        ["inverse autoregressive flow without a hidden layer"] = () => Flow(4, context: 2, steps: 2, hidden: []),
        ["inverse autoregressive flow, fewer hidden units than latents"] = () => Flow(6, context: 2, steps: 2, hidden: [3]),
        ["inverse autoregressive flow, K samples"] = () => Flow(3, context: 2, steps: 2, hidden: [4], samples: 2),
        ["spline, one bin"] = () => Spline([3, 5], [3, 5], bins: 1),
        ["spline, eight bins"] = () => Spline([3, 5], [3, 5], bins: 8),
        ["spline, steep and flat bins"] = () => Spline([3, 5], [3, 5], bins: 5, size: 4),
        ["spline, most values in the tails"] = () => Spline([3, 5], [3, 5], bins: 4, bound: 0.3),
        ["spline, one for a batch"] = () => Spline([5], [2, 3, 5], bins: 4),
        ["spline, batched where the values are not"] = () => Spline([3, 1, 2], [3, 2, 2], bins: 3),
        ["coupling"] = Coupling,
        ["neural spline coupling with a context"] = () => SplineCoupling(4, context: 3, steps: 2),
        ["neural spline coupling, odd"] = () => SplineCoupling(5, context: 2, steps: 3),
        ["neural spline coupling without a context"] = () => SplineCoupling(4, context: null, steps: 2),
        ["neural spline coupling, N = 1"] = () => SplineCoupling(1, context: 2, steps: 2),
        ["neural spline coupling, N = 1, without a context"] = () => SplineCoupling(1, context: null, steps: 1),
        ["neural spline coupling, K samples"] = () => SplineCoupling(3, context: 2, steps: 2, samples: 2),
        ["neural spline coupling on a grid"] = SplineCouplingOnGrid,
        ["neural spline, autoregressive"] = () => SplineAutoregressive(4, context: 3),
        ["neural spline, autoregressive, without a context"] = () => SplineAutoregressive(3, context: null),
        ["neural spline, autoregressive, K samples"] = () => SplineAutoregressive(3, context: 2, samples: 2),
        ["masked autoregressive"] = () => Masked(4, context: 3, hidden: [7]),
        ["masked autoregressive, two hidden layers"] = () => Masked(5, context: 2, hidden: [4, 6]),
        ["masked autoregressive, a later step of few degrees"] = () => Masked(6, context: 2, hidden: [3, 4], step: 1),
        ["masked autoregressive without a context"] = () => Masked(4, context: null, hidden: [5]),
        ["masked autoregressive, N = 1"] = () => Masked(1, context: 2, hidden: [3]),
        ["masked autoregressive, K samples"] = () => Masked(3, context: 2, hidden: [4], samples: 2),
        ["autoregressive, affine"] = Autoregressive,
        ["standardizing"] = () => Standardizing([5], [3, 5]),
        ["whitening"] = () => Whitening(4, [3, 4]),
        ["whitening, one vector"] = () => Whitening(3, [3]),
        ["standardizing, batched"] = () => Standardizing([3, 1, 2], [3, 2, 2]),
        ["permutation"] = () => Random(initializer => new PermutationLayer(6, initializer), 6),
        ["reversal layer"] = () => Random(_ => new ReversalLayer(), 4),
        ["triangular linear"] = () => Random(initializer => new TriangularLinearLayer(4, initializer), 4),
        ["batch normalization"] = BatchNormalization,
        ["flow of all steps"] = FlowOfSteps,
        ["logit"] = () => Logit([2, 3], 0.05),
        ["logit, alpha near its end"] = () => Logit([4], 0.45),
    };

    private static readonly Dictionary<string, Func<BijectorCase>> Cases = Constructors
        .Concat(Constructors.Select(entry => KeyValuePair.Create($"inverse of {entry.Key}", () => entry.Value().Inverse())))
        .ToDictionary();

    /// <summary>The names of the cases.</summary>
    public static TheoryData<string> Names => [.. Cases.Keys];

    internal static BijectorCase Build(string name) => Cases[name]();

    private static BijectorCase DiagonalAffine(long[] parameterShape, long[] inputShape, long seed = 10)
    {
        var shift = Float64.Leaf(Float64.Normal(seed, parameterShape));
        var scale = Float64.Leaf(Float64.Normal(seed + 1, parameterShape).Times(0.5).exp());
        return new BijectorCase(() => new DiagonalAffineBijector(shift, scale), 0, [shift, scale], inputShape);
    }

    private static BijectorCase RankOne(
        long[] parameterShape,
        long[] inputShape,
        double? diagonal = null,
        double direction = 1,
        long seed = 10)
    {
        var shift = Float64.Leaf(Float64.Normal(seed, parameterShape));
        var d = Float64.Leaf(diagonal is null
            ? Float64.Normal(seed + 1, parameterShape).Times(0.5).exp()
            : TensorArithmetic.Full(parameterShape, diagonal.Value, torch.ScalarType.Float64));
        var u = Float64.Leaf(Float64.Normal(seed + 2, parameterShape).Times(direction));
        return new BijectorCase(() => new RankOneAffineBijector(shift, d, u), 1, [shift, d, u], inputShape);
    }

    private static BijectorCase Block(BijectorCase inner, int dimensions) => inner with
    {
        Bind = () => new BlockBijector(inner.Bind(), dimensions),
        EventRank = inner.EventRank + dimensions,
    };

    private static BijectorCase Chain(params BijectorCase[] members) => new(
        () => new ChainBijector([.. members.Select(member => member.Bind())]),
        members.Max(member => member.EventRank),
        [.. members.SelectMany(member => member.Leaves)],
        members[0].InputShape);

    private static BijectorCase DiagonalLayer(int latents, int? context)
    {
        var initializer = new ParameterInitializer(30, torch.ScalarType.Float64);
        var layer = new DiagonalAffineLayer(
            context is null
                ? new ContextNetwork(initializer.Normal(1, 2 * latents))
                : new ContextNetwork(new Mlp(context.Value, [3], 2 * latents, Activation.Tanh, initializer)),
            0.05,
            2);
        return Amortized(layer, context, Batch, [Batch, latents]);
    }

    private static BijectorCase Flow(int latents, int? context, int steps, int[] hidden, int? samples = null)
    {
        var layer = new InverseAutoregressiveLayer(
            latents,
            context ?? 0,
            steps,
            hidden,
            Activation.Tanh,
            0.05,
            new ParameterInitializer(30, torch.ScalarType.Float64));
        Parameters.Randomize(layer, 32);
        return Amortized(layer, context, Batch, samples is null ? [Batch, latents] : [samples.Value, Batch, latents]);
    }

    private static BijectorCase Spline(
        long[] parameterShape, long[] inputShape, int bins, double bound = 2, double size = 1)
    {
        var settings = new SplineSettings(bins, bound);
        var parameters = Float64.Leaf(
            Float64.Normal(10, [.. parameterShape, settings.ParametersPerDimension]).Times(size));
        return new BijectorCase(() => new RationalQuadraticSplineBijector(parameters, settings), 0, [parameters], inputShape);
    }

    private static BijectorCase Coupling()
    {
        var weight = Float64.Leaf(Float64.Normal(10, 2, 3));
        return new BijectorCase(
            () => new CouplingBijector(
                3,
                2,
                passing => new DiagonalAffineBijector(passing.mm(weight), passing.mm(weight).sigmoid().Plus(0.1))),
            1,
            [weight],
            [4, 5]);
    }

    private static BijectorCase SplineCoupling(int dimensions, int? context, int steps, int? samples = null)
    {
        var layer = new NeuralSplineCouplingLayer(
            dimensions, context ?? 0, steps, new SplineSettings(4, 2), new PerceptronDesign([5], Activation.Tanh), LatentGrid.None, Initializer());
        Parameters.Randomize(layer, 32);
        return Amortized(layer, context, Batch, InputShape(dimensions, samples));
    }

    private static BijectorCase SplineCouplingOnGrid()
    {
        var grid = new LatentGrid(2, 3);
        var network = new ResidualDesign { Widths = [4], Stride = 1, Blocks = 0 };
        var layer = new NeuralSplineCouplingLayer(12, 6, 2, new SplineSettings(4, 2), network, grid, Initializer());
        Parameters.Randomize(layer, 33);
        return Amortized(layer, context: 6, Batch, [Batch, 12]);
    }

    private static BijectorCase SplineAutoregressive(int dimensions, int? context, int? samples = null)
    {
        var layer = new NeuralSplineAutoregressiveLayer(
            dimensions, context ?? 0, new SplineSettings(4, 2), [6], Activation.Tanh, Initializer());
        Parameters.Randomize(layer, 32);
        return Amortized(layer, context, Batch, InputShape(dimensions, samples));
    }

    private static BijectorCase Masked(int dimensions, int? context, int[] hidden, int? samples = null, int step = 0)
    {
        var layer = new MaskedAutoregressiveLayer(dimensions, context ?? 0, hidden, Activation.Tanh, Initializer(), step);
        Parameters.Randomize(layer, 32);
        return Amortized(layer, context, Batch, InputShape(dimensions, samples));
    }

    private static BijectorCase Autoregressive()
    {
        var weight = Float64.Leaf(Float64.Normal(10, 4, 4).Times(0.5));
        return new BijectorCase(
            () => new AutoregressiveBijector(x => new DiagonalAffineBijector(
                x.mm(weight.triu(1)), x.mm(weight.triu(1)).sigmoid().Plus(0.5))),
            1,
            [weight],
            [3, 4]);
    }

    private static BijectorCase Standardizing(long[] parameterShape, long[] inputShape)
    {
        var (mean, logScale) = (Float64.Leaf(Float64.Normal(10, parameterShape)), Float64.Leaf(Float64.Normal(11, parameterShape)));
        return new BijectorCase(() => new StandardizingBijector(mean, logScale), 0, [mean, logScale], inputShape);
    }

    // The axes are orthogonal, and no leaf: a derivative would leave the orthogonal matrices.
    private static BijectorCase Whitening(int dimensions, long[] inputShape)
    {
        var axes = torch.linalg.qr(Float64.Normal(12, dimensions, dimensions)).Q.detach();
        var (mean, logDeviations) = (Float64.Leaf(Float64.Normal(10, dimensions)), Float64.Leaf(Float64.Normal(11, dimensions)));
        return new BijectorCase(
            () => new WhiteningBijector(mean, axes, logDeviations), 1, [mean, logDeviations], inputShape);
    }

    private static BijectorCase Random(Func<ParameterInitializer, AmortizedBijector> create, int dimensions)
    {
        var layer = create(Initializer());
        Parameters.Randomize(layer, 32);
        return Amortized(layer, context: null, Batch, [Batch, dimensions]);
    }

    // As in evaluation: in training the Jacobian of a batch is not that of its rows.
    private static BijectorCase BatchNormalization()
    {
        var layer = new BatchNormalizationLayer(4, Initializer());
        Parameters.Randomize(layer, 32);
        layer.Statistics.Fit(Float64.Normal(33, 50, 4).Times(3).Plus(1));
        layer.eval();
        return Amortized(layer, context: null, Batch, [Batch, 4]);
    }

    private static BijectorCase FlowOfSteps()
    {
        var initializer = Initializer();
        var layer = new FlowLayer(
            new MaskedAutoregressiveLayer(4, 2, [5], Activation.Tanh, initializer),
            new BatchNormalizationLayer(4, initializer),
            new PermutationLayer(4, initializer),
            new TriangularLinearLayer(4, initializer),
            new NeuralSplineCouplingLayer(4, 2, 1, new SplineSettings(3, 2), new PerceptronDesign([4], Activation.Tanh), LatentGrid.None, initializer),
            new ReversalLayer());
        Parameters.Randomize(layer, 32);
        layer.eval();
        return Amortized(layer, context: 2, Batch, [Batch, 4]);
    }

    private static BijectorCase Logit(long[] shape, double alpha) =>
        new(() => new LogitBijector(alpha), 0, [], shape) { Domain = static x => x.sigmoid() };

    private static ParameterInitializer Initializer() => new(30, torch.ScalarType.Float64);

    private static long[] InputShape(int dimensions, int? samples) =>
        samples is null ? [Batch, dimensions] : [samples.Value, Batch, dimensions];

    private static BijectorCase Amortized(AmortizedBijector layer, int? context, int batch, long[] inputShape)
    {
        var given = context is null ? null : Float64.Leaf(Float64.Normal(31, batch, context.Value));
        return new BijectorCase(
            () => layer.Bind(given),
            1,
            [.. layer.parameters(), .. given is null ? Array.Empty<torch.Tensor>() : [given]],
            inputShape)
        {
            Amortized = layer,
        };
    }

    private static BijectorCase Layer(int latents, int? context)
    {
        var initializer = new ParameterInitializer(30, torch.ScalarType.Float64);
        var parameters = context is null
            ? new ContextNetwork(initializer.Normal(1, 3 * latents))
            : new ContextNetwork(new Mlp(context.Value, [3], 3 * latents, Activation.Tanh, initializer));
        var layer = new RankOneAffineLayer(latents, parameters, 0.05, 2);
        return Amortized(layer, context, Batch, [Batch, latents]);
    }
}
