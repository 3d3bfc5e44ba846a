using Sere.Networks;
using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Bijectors;

/// <summary>
/// y = L U x + b with L lower and U upper triangular, the diagonal of L one and that of U positive (Kingma and Dhariwal
/// 2018): log|det| = sum log diag U, and the inverse is two triangular solutions.
/// </summary>
internal sealed class TriangularLinearBijector : Bijector
{
    private readonly torch.Tensor _lower;
    private readonly torch.Tensor _upper;
    private readonly torch.Tensor _logDiagonal;
    private readonly torch.Tensor _shift;

    /// <summary>A map with the given tensors.</summary>
    /// <param name="lower">[N, N], of which what lies below the diagonal is used.</param>
    /// <param name="upper">[N, N], of which what lies above the diagonal is used.</param>
    /// <param name="logDiagonal">Logarithm of the diagonal of U, [N].</param>
    /// <param name="shift">b, [N].</param>
    public TriangularLinearBijector(
        torch.Tensor lower, torch.Tensor upper, torch.Tensor logDiagonal, torch.Tensor shift)
    {
        _lower = lower.tril(-1).Plus(torch.eye(lower.shape[0], dtype: lower.dtype, device: lower.device));
        _upper = upper.triu(1).Plus(logDiagonal.exp().diag());
        _logDiagonal = logDiagonal;
        _shift = shift;
    }

    public override int EventRank => 1;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var y = TensorMath.Product(TensorMath.Product(x, _upper.t()), _lower.t()).Plus(_shift);
        return (y, _logDiagonal.sum().expand(y.shape[..^1]));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        ThreadTuner.RequireAll();
        var columns = (y - _shift).reshape(-1, y.shape[^1]).t();
        columns = torch.linalg.solve_triangular(_lower, columns, upper: false, unitriangular: true);
        columns = torch.linalg.solve_triangular(_upper, columns, upper: true);
        return (columns.t().reshape(y.shape), (-_logDiagonal.sum()).expand(y.shape[..^1]));
    }
}

/// <summary>
/// An invertible linear map with LU parameters that are learned, the same for every context: between two steps of a flow,
/// behind a random permutation. It starts at the identity.
/// </summary>
internal sealed class TriangularLinearLayer : AmortizedBijector
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
        _lower = initializer.Constant(0, dimensions, dimensions);
        _upper = initializer.Constant(0, dimensions, dimensions);
        _logDiagonal = initializer.Constant(0, dimensions);
        _shift = initializer.Constant(0, dimensions);
        register_parameter("lower", _lower);
        register_parameter("upper", _upper);
        register_parameter("log_diagonal", _logDiagonal);
        register_parameter("shift", _shift);
    }

    public override Bijector Bind(torch.Tensor? context) => new TriangularLinearBijector(
        _lower, _upper, SmoothBounds.Symmetric(_logDiagonal, LogDiagonalBound), _shift);
}
