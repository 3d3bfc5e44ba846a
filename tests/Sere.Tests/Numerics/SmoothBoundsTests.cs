using Sere.Numerics;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Numerics;

public sealed class SmoothBoundsTests
{
    private static torch.Tensor Far => Float64.Vector(-1e4, 1e4);

    [Theory]
    [InlineData(0.05, 2, 1)]
    [InlineData(-4, 2, 0)]
    [InlineData(0, 2, 0.1)]
    [InlineData(-0.5, 0.5, 0.49)]
    public void An_interval_starts_where_it_is_told_and_rises_within_its_ends(double floor, double ceiling, double start)
    {
        using var scope = torch.NewDisposeScope();
        Assert.Equal(
            start, SmoothBounds.Interval(Float64.Vector(0), floor, ceiling, start).item<double>(), 1e-14);
        var x = torch.linspace(-15, 15, 3001, torch.ScalarType.Float64);
        AssertRisesWithin(SmoothBounds.Interval(x, floor, ceiling, start), floor, ceiling);
        TensorAssert.Close(Float64.Vector(floor, ceiling), SmoothBounds.Interval(Far, floor, ceiling, start), 1e-14, "ends");
    }

    [Theory]
    [InlineData(5)]
    [InlineData(0.3)]
    public void A_symmetric_bound_is_the_identity_near_zero_and_odd_and_rises_within_its_ends(double bound)
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.linspace(-15 * bound, 15 * bound, 3001, torch.ScalarType.Float64);
        var y = SmoothBounds.Symmetric(x, bound);
        AssertRisesWithin(y, -bound, bound);
        TensorAssert.Close(-y, SmoothBounds.Symmetric(-x, bound), 1e-14, "odd");
        var small = Float64.Leaf(Float64.Vector(-1e-6, 0, 1e-6));
        var near = SmoothBounds.Symmetric(small, bound);
        near.sum().backward();
        TensorAssert.Close(small.detach(), near.detach(), 1e-15, "value near zero");
        TensorAssert.Close(torch.ones(3, torch.ScalarType.Float64), small.grad!, 1e-10, "slope near zero");
        TensorAssert.Close(Float64.Vector(-bound, bound), SmoothBounds.Symmetric(Far, bound), 1e-14, "ends");
    }

    [Theory]
    [InlineData(1e6)]
    [InlineData(-1e6)]
    public void Far_out_gradients_are_finite_and_values_stay_within_the_ends(float x)
    {
        using var scope = torch.NewDisposeScope();
        var input = torch.tensor([x], requires_grad: true);
        var interval = SmoothBounds.Interval(input, 0.05, 2, 1);
        var symmetric = SmoothBounds.Symmetric(input, 5);
        interval.Plus(symmetric).sum().backward();
        Assert.InRange(interval.item<float>(), 0.05f, 2f);
        Assert.InRange(symmetric.item<float>(), -5f, 5f);
        TensorAssert.Finite(input.grad, "gradient");
    }

    [Theory]
    [InlineData(0.5, 0)]
    [InlineData(0.95, 2.9444389791664403)]
    [InlineData(0.1, -2.1972245773362196)]
    public void A_logit_is_the_logarithm_of_the_odds(double probability, double logit) =>
        Assert.Equal(logit, SmoothBounds.Logit(probability), 1e-14);

    private static void AssertRisesWithin(torch.Tensor y, double floor, double ceiling)
    {
        Assert.True(y.min().item<double>() > floor && y.max().item<double>() < ceiling);
        Assert.True((y.narrow(0, 1, 3000) - y.narrow(0, 0, 3000)).min().item<double>() > 0);
    }
}
