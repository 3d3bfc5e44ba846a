using Sere.Bijectors;
using Sere.Networks;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>Every bijector of the library, and the inverse of each: whatever is added to it obeys law 1.</summary>
public static class BijectorTable
{
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
        var scale = Float64.Leaf((Float64.Normal(seed + 1, parameterShape) * 0.5).exp());
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
            ? (Float64.Normal(seed + 1, parameterShape) * 0.5).exp()
            : torch.full(parameterShape, diagonal.Value, torch.ScalarType.Float64));
        var u = Float64.Leaf(Float64.Normal(seed + 2, parameterShape) * direction);
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
        const int Batch = 3;
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
        const int Batch = 3;
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
        const int Batch = 3;
        var initializer = new ParameterInitializer(30, torch.ScalarType.Float64);
        var parameters = context is null
            ? new ContextNetwork(initializer.Normal(1, 3 * latents))
            : new ContextNetwork(new Mlp(context.Value, [3], 3 * latents, Activation.Tanh, initializer));
        var layer = new RankOneAffineLayer(latents, parameters, 0.05, 2);
        return Amortized(layer, context, Batch, [Batch, latents]);
    }
}
