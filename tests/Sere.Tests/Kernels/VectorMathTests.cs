using System.Runtime.Intrinsics;
using Sere.Kernels;
using Xunit;

namespace Sere.Tests.Kernels;

/// <summary>
/// Against float64, over the range of float32. Seen to fail with: one term of the exponential's series left out; the
/// hyperbolic tangent without its series near 0.
/// </summary>
public sealed class VectorMathTests
{
    [Fact]
    public void The_exponential_is_within_two_units_in_the_last_place() =>
        AssertClose(VectorMath.Exp, Math.Exp, -87.3f, 88.7f, relative: 1.3e-7);

    [Fact]
    public void The_sigmoid_is_within_three_units_in_the_last_place() =>
        AssertClose(VectorMath.Sigmoid, x => 1 / (1 + Math.Exp(-x)), -87.3f, 200, relative: 2.5e-7);

    [Fact]
    public void The_hyperbolic_tangent_is_within_three_units_in_the_last_place() =>
        AssertClose(VectorMath.Tanh, Math.Tanh, -100, 100, relative: 3e-7);

    [Fact]
    public void The_softplus_is_within_three_units_in_the_last_place() =>
        AssertClose(
            VectorMath.Softplus,
            x => x > 0 ? x + Math.Log(1 + Math.Exp(-x)) : DoubleLogOnePlus(Math.Exp(x)),
            -87.3f,
            200,
            relative: 3e-7);

    // Seen to fail with: 1 - e^-x near 0 as well.
    [Fact]
    public void One_less_the_exponential_keeps_its_digits_near_zero() => AssertClose(
        x => VectorMath.OneMinusExp(Vector256.Abs(x)),
        x => OneLessExp(Math.Abs(x)),
        -20,
        20,
        relative: 5e-7);

    [Theory]
    [InlineData(0f, 1f, 0.5f, 0f, 0.6931472f)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity, 1f, 1f, float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity, 0f, 0f, -1f, 0f)]
    [InlineData(float.NaN, float.NaN, float.NaN, float.NaN, float.NaN)]
    [InlineData(1e38f, float.PositiveInfinity, 1f, 1f, 1e38f)]
    [InlineData(-1e38f, 0f, 0f, -1f, 0f)]
    public void Values_at_the_ends_are_the_limits(float x, float exp, float sigmoid, float tanh, float softplus)
    {
        // Where the limit is 0, the smallest normal number is as near as the exponential comes.
        const double Tiny = 2.4e-38;
        Assert.Equal(exp, At(VectorMath.Exp, x), Tiny);
        Assert.Equal(sigmoid, At(VectorMath.Sigmoid, x), Tiny);
        Assert.Equal(tanh, At(VectorMath.Tanh, x), Tiny);
        Assert.Equal(softplus, At(VectorMath.Softplus, x), 1e-7);
    }

    private static double At(Func<Vector256<float>, Vector256<float>> function, float x) =>
        function(Vector256.Create(x)).GetElement(3);

    private static double OneLessExp(double x) => x < 1e-3 ? x * (1 - (x / 2 * (1 - (x / 3 * (1 - (x / 4)))))) : 1 - Math.Exp(-x);

    private static double DoubleLogOnePlus(double x) => x < 1e-5 ? x - (x * x / 2) : Math.Log(1 + x);

    private static void AssertClose(
        Func<Vector256<float>, Vector256<float>> actual,
        Func<double, double> expected,
        float from,
        float to,
        double relative)
    {
        const int Points = 400_000;
        double worst = 0;
        for (int i = 0; i <= Points; i++)
        {
            float x = from + ((to - from) * (i / (float)Points));
            double truth = expected(x);
            double error = Math.Abs(At(actual, x) - truth) / Math.Max(Math.Abs(truth), float.MinValue * -1e-76);
            worst = error > worst || double.IsNaN(error) ? error : worst;
        }

        // Small arguments, where a cancellation would show.
        for (float x = 1e-30f; x < 1; x *= 1.07f)
        {
            double truth = expected(x);
            worst = Math.Max(worst, Math.Abs(At(actual, x) - truth) / Math.Abs(truth));
        }

        Assert.True(worst <= relative, $"The relative error reaches {worst:g3}.");
    }
}
