using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>The dimensions of a vector in another order.</summary>
/// <param name="order">Each of 0..N-1 once, int64 [N].</param>
internal sealed class PermutationBijector(torch.Tensor order) : Bijector
{
    private readonly torch.Tensor _order = order;

    public override int EventRank => 1;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x) => Ordered(x, _order);

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y) => Ordered(y, _order.argsort());

    private static (torch.Tensor Value, torch.Tensor LogDeterminant) Ordered(torch.Tensor x, torch.Tensor order)
    {
        var y = x.index_select(-1, order);
        return (y, torch.zeros(y.shape[..^1], y.dtype, y.device));
    }
}

/// <summary>
/// A random order of the dimensions, the same for every context. It is drawn like an initial weight and belongs to the
/// weights: no other order fits what was learned behind it.
/// </summary>
internal sealed class PermutationLayer : AmortizedBijector, IRunningStatistics
{
    /// <summary>What the names of orders end with.</summary>
    internal const string OrderName = "order";

    // Of the type of the parameters, which float32 holds without rounding up to 2^24. In a list: a field would be
    // registered once more under a name of its own.
    private readonly torch.Tensor[] _order;

    /// <summary>A freshly drawn order of N dimensions.</summary>
    public PermutationLayer(int dimensions, ParameterInitializer initializer)
        : base(nameof(PermutationLayer))
    {
        _order = [initializer.Permutation(dimensions)];
        RunningStatistics.Register(this);
    }

    IReadOnlyList<(string Name, torch.Tensor Value)> IRunningStatistics.Statistics => [(OrderName, _order[0])];

    bool IRunningStatistics.AreFixed => true;

    /// <summary>Whether values from outside, [N], hold each of 0..N-1 once.</summary>
    internal static bool IsOrder(torch.Tensor values)
    {
        using var scope = torch.NewDisposeScope();
        var sorted = values.to(torch.ScalarType.Float64).sort().Values;
        return sorted.eq(TensorArithmetic.Indices(values.shape[0], torch.ScalarType.Float64)).all().item<bool>();
    }

    public override Bijector Bind(torch.Tensor? context) => new PermutationBijector(_order[0].to(torch.ScalarType.Int64));
}

/// <summary>The dimensions of a vector in reverse order: what stands between two autoregressive maps.</summary>
internal sealed class ReversalBijector : Bijector
{
    public override int EventRank => 1;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var y = Transform(x);
        return (y, torch.zeros(y.shape[..^1], y.dtype, y.device));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y) => Forward(y);

    public override torch.Tensor Transform(torch.Tensor x)
    {
        return x.flip(-1);
    }
}

/// <summary>The reversal as an amortized bijector: it has no parameters and looks at no context.</summary>
internal sealed class ReversalLayer() : AmortizedBijector(nameof(ReversalLayer))
{
    public override Bijector Bind(torch.Tensor? context) => new ReversalBijector();
}
