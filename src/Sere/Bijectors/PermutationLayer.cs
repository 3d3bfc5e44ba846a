using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// A random order of the dimensions, the same for every context. It is drawn like an initial weight and belongs to the
/// weights: no other order fits what was learned behind it.
/// </summary>
public sealed class PermutationLayer : AmortizedBijector, IRunningStatistics
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
        ArgumentNullException.ThrowIfNull(initializer);
        _order = [initializer.Permutation(dimensions)];
        RunningStatistics.Register(this);
    }

    /// <inheritdoc/>
    IReadOnlyList<(string Name, torch.Tensor Value)> IRunningStatistics.Statistics => [(OrderName, _order[0])];

    /// <inheritdoc/>
    bool IRunningStatistics.AreFixed => true;

    /// <summary>Whether values from outside, [N], hold each of 0..N-1 once.</summary>
    internal static bool IsOrder(torch.Tensor values)
    {
        using var scope = torch.NewDisposeScope();
        var sorted = values.to(torch.ScalarType.Float64).sort().Values;
        return sorted.eq(TensorArithmetic.Indices(values.shape[0], torch.ScalarType.Float64)).all().item<bool>();
    }

    /// <inheritdoc/>
    public override Bijector Bind(torch.Tensor? context) => new PermutationBijector(_order[0].to(torch.ScalarType.Int64));
}
