using Sere.Networks;
using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Bijectors;

/// <summary>
/// An invertible linear map with LU parameters that are learned, the same for every context: between two steps of a flow,
/// behind a random permutation. It starts at the identity.
/// </summary>
public sealed class TriangularLinearLayer : AmortizedBijector
{
    private const double LogDiagonalBound = 5;
    private readonly Parameter _lower;
    private readonly Parameter _upper;
    private readonly Parameter _logDiagonal;
    private readonly Parameter _shift;

    /// <summary>A map of N dimensions.</summary>
    public TriangularLinearLayer(int dimensions, ParameterInitializer initializer)
        : base(nameof(TriangularLinearLayer))
    {
        ArgumentNullException.ThrowIfNull(initializer);
        _lower = initializer.Constant(0, dimensions, dimensions);
        _upper = initializer.Constant(0, dimensions, dimensions);
        _logDiagonal = initializer.Constant(0, dimensions);
        _shift = initializer.Constant(0, dimensions);
        register_parameter("lower", _lower);
        register_parameter("upper", _upper);
        register_parameter("log_diagonal", _logDiagonal);
        register_parameter("shift", _shift);
    }

    /// <inheritdoc/>
    public override Bijector Bind(torch.Tensor? context) => new TriangularLinearBijector(
        _lower, _upper, SmoothBounds.Symmetric(_logDiagonal, LogDiagonalBound), _shift);
}
