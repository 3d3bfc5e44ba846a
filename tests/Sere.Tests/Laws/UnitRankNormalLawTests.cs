using Sere.Distributions;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>The formulas of the unit-rank normal in O(N) against dense linear algebra.</summary>
/// <remarks>
/// Seen to fail with: k = eta in place of eta / (1 + sqrt(eta)); the log-determinant without its log(1 + u^T D^-1 u).
/// </remarks>
public sealed class UnitRankNormalLawTests
{
    private const int Size = 5;

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    [InlineData(10)]
    public void Density_and_draws_are_those_of_the_dense_precision(double direction)
    {
        using var scope = torch.NewDisposeScope();
        var (mean, logDiagonal) = (Float64.Normal(1, Size), Float64.Normal(2, Size));
        var u = Float64.Normal(3, Size).Times(direction);
        var normal = new UnitRankNormal(mean, logDiagonal, u);
        var precision = logDiagonal.exp().diag().Plus(u.outer(u));
        var logDeterminant = torch.linalg.slogdet(precision).Item2;
        var x = Float64.Normal(4, 7, Size);
        var residual = x - mean;
        var expected = (logDeterminant - (residual.matmul(precision) * residual).sum(-1)).Times(0.5)
            .Minus(0.5 * Size * Math.Log(2 * Math.PI));
        TensorAssert.Close(expected, normal.LogProb(x), 1e-10, "log-density");

        // Rows are R e_i: their products are R R^T, the covariance.
        var root = normal.FromNoise(torch.eye(Size, dtype: torch.ScalarType.Float64)) - mean;
        TensorAssert.Close(torch.linalg.inv(precision), root.t().matmul(root), 1e-10, "covariance");
    }

    [Fact]
    public void Gradients_are_finite_where_u_vanishes()
    {
        using var scope = torch.NewDisposeScope();
        var u = Float64.Leaf(torch.zeros(Size, torch.ScalarType.Float64));
        var mean = Float64.Normal(1, Size);
        Derivatives.Gradients(
            () => new UnitRankNormal(mean, mean, u).FromNoise(Float64.Normal(2, 3, Size)).sum()
                .Plus(new UnitRankNormal(mean, mean, u).LogProb(Float64.Normal(2, 3, Size)).sum()),
            [u]);
        TensorAssert.Finite(u.grad!, "gradient of u");
    }

    [Fact]
    public void The_temperature_scales_the_deviation_from_the_mean()
    {
        using var scope = torch.NewDisposeScope();
        var mean = Float64.Normal(1, Size);
        var normal = new UnitRankNormal(mean, mean, mean);
        var noise = Float64.Normal(2, Size);
        TensorAssert.Close(
            mean.Plus((normal.FromNoise(noise) - mean).Times(0.5)), normal.FromNoise(noise, 0.5), 1e-12, "draw");
    }
}
