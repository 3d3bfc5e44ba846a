using Sere.Bijectors;
using Sere.Networks;
using Sere.Numerics;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Bijectors;

/// <summary>
/// The affine map of section 3.1 against its matrix written out. Round trips and determinants (law 1) hold for many maps;
/// these tests say which one it is.
/// </summary>
public sealed class RankOneAffineBijectorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void The_map_is_c_plus_the_matrix_of_d_and_u_times_eps(int size)
    {
        using var scope = torch.NewDisposeScope();
        var (c, d, u) = (Float64.Normal(1, size), Float64.Normal(2, size).exp(), Float64.Normal(3, size));
        var bijector = new RankOneAffineBijector(c, d, u);
        var matrix = torch.diag(d).Plus(u.outer(u));
        var eps = Float64.Normal(4, 7, size);
        var expected = c.Plus(eps.mm(matrix.t()));
        TensorAssert.Close(expected, bijector.Forward(eps).Value, 1e-13, "z");
        TensorAssert.Close((eps - c).mm(torch.linalg.inv(matrix).t()), bijector.Inverse(eps).Value, 1e-11, "eps");
        TensorAssert.Close(
            torch.linalg.slogdet(matrix).Item2.expand(7), bijector.Forward(eps).LogDeterminant, 1e-13, "log-determinant");
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(40, 0.5)]
    public void An_amortized_map_keeps_d_and_u_within_their_bounds(int size, double directionBound)
    {
        using var scope = torch.NewDisposeScope();
        foreach (double far in new[] { -1e6, 1e6 })
        {
            var (d, u) = Matrix(size, far, far);
            TensorAssert.Close(TensorArithmetic.Full(d.shape, far < 0 ? 0.05 : 2, d.dtype), d, 1e-9, "d");
            TensorAssert.Close(TensorArithmetic.Full(u.shape, directionBound, u.dtype), u.abs(), 1e-9, "u");
        }
    }

    [Fact]
    public void An_amortized_map_of_zeros_is_the_identity()
    {
        using var scope = torch.NewDisposeScope();
        var bijector = Layer(3, 0, 0).Bind(null);
        var eps = Float64.Normal(5, 4, 3);
        var (z, logDeterminant) = bijector.Forward(eps);
        TensorAssert.Close(eps, z, 1e-14, "z");
        TensorAssert.Close(torch.zeros(4, torch.ScalarType.Float64), logDeterminant, 1e-14, "log-determinant");
    }

    /// <summary>d and u of a layer over <paramref name="size"/> latents, read off its matrix.</summary>
    private static (torch.Tensor Diagonal, torch.Tensor Direction) Matrix(int size, double diagonal, double direction)
    {
        using var noGrad = torch.no_grad();
        var identity = torch.eye(size, dtype: torch.ScalarType.Float64);
        var bijector = Layer(size, diagonal, direction).Bind(null);
        var matrix = bijector.Transform(identity) - bijector.Transform(torch.zeros_like(identity));

        // All elements of u are equal here: an element off the diagonal is the square of one.
        var u = matrix[0, 1].sqrt().expand(size);
        return (matrix.diagonal() - u.Square(), u);
    }

    private static RankOneAffineLayer Layer(int size, double diagonal, double direction)
    {
        using var noGrad = torch.no_grad();
        var constant = new ParameterInitializer(1, torch.ScalarType.Float64).Constant(0, 3 * size);
        constant.narrow(0, size, size).FillInPlace(diagonal);
        constant.narrow(0, 2 * size, size).FillInPlace(direction);
        return new RankOneAffineLayer(size, new ContextNetwork(constant), 0.05, 2);
    }
}
