using Sere.Bijectors;
using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Bijectors;

/// <summary>Splines where their formula changes: at their knots, at their ends, and outside.</summary>
/// <remarks>
/// Seen to fail with: values that are not clamped before the spline; a slope of 0.5 at the ends;
/// a bin that begins where the one before it does; values that are put into the bin of the wrong side.
/// </remarks>
public sealed class RationalQuadraticSplineBijectorTests
{
    private const double Bound = 2;
    private static readonly SplineSettings Settings = new(5, Bound);

    [Theory]
    [InlineData(torch.ScalarType.Float64, 1)]
    [InlineData(torch.ScalarType.Float32, 1)]
    [InlineData(torch.ScalarType.Float32, 20)]
    [InlineData(torch.ScalarType.Float32, 1000)]
    public void Values_and_gradients_are_finite_at_knots_at_the_ends_and_in_the_tails(torch.ScalarType type, double size)
    {
        using var scope = torch.NewDisposeScope();
        var parameters = Float64.Leaf(Float64.Normal(1, Settings.ParametersPerDimension).Times(size).to(type));
        foreach (bool inverse in new[] { false, true })
        {
            var points = Points(parameters, inverse).to(type);
            var x = Float64.Leaf(points);
            var (value, logDeterminant) = Apply(parameters, x, inverse);
            TensorAssert.Finite(value, "value");
            TensorAssert.Finite(logDeterminant, "log-determinant");
            Derivatives.Gradients(
                () => Sum(Apply(parameters, x, inverse)), [parameters, x]);
            TensorAssert.Finite(parameters.grad!, $"gradient of the parameters, inverse: {inverse}");
            TensorAssert.Finite(x.grad!, $"gradient of the values, inverse: {inverse}");
        }
    }

    [Fact]
    public void The_map_and_its_slope_go_on_from_bin_to_bin_and_into_the_tails()
    {
        const double Near = 1e-9;
        using var scope = torch.NewDisposeScope();
        var parameters = Float64.Normal(1, Settings.ParametersPerDimension);
        var knots = Knots(parameters, inverse: false);
        var (below, slopeBelow) = Apply(parameters, knots.Minus(Near), inverse: false);
        var (above, slopeAbove) = Apply(parameters, knots.Plus(Near), inverse: false);
        TensorAssert.Close(below, above, 1e-7, "value");
        TensorAssert.Close(slopeBelow, slopeAbove, 1e-6, "log-slope");
    }

    [Fact]
    public void It_maps_its_interval_to_itself_and_changes_nothing_outside()
    {
        using var scope = torch.NewDisposeScope();
        var parameters = Float64.Normal(1, Settings.ParametersPerDimension).Times(3);
        var outside = Float64.Vector(-1e6, -2.5, -Bound, Bound, 2.5, 1e6);
        TensorAssert.Close(outside, Apply(parameters, outside, inverse: false).Value, 1e-12, "value outside");
        var inside = torch.linspace(-Bound, Bound, 1001, torch.ScalarType.Float64);
        var values = Apply(parameters, inside, inverse: false).Value;
        Assert.True((values[1..] - values[..^1]).IsAbove(0).all().item<bool>());
        Assert.True(values.abs().IsAtMost(Bound).all().item<bool>());
    }

    [Fact]
    public void Without_parameters_it_is_the_identity()
    {
        using var scope = torch.NewDisposeScope();
        var x = Float64.Normal(3, 40);
        var (value, logDeterminant) = Apply(
            torch.zeros(Settings.ParametersPerDimension, torch.ScalarType.Float64), x, inverse: false);
        TensorAssert.Close(x, value, 1e-12, "value");
        TensorAssert.Close(torch.zeros_like(x), logDeterminant, 1e-12, "log-determinant");
    }

    [Fact]
    public void A_flow_of_couplings_starts_near_the_identity_and_moves_every_element_with_its_context()
    {
        using var scope = torch.NewDisposeScope();
        var layer = new NeuralSplineCouplingLayer(
            5, 3, 2, Settings, new PerceptronDesign([20], Activation.Tanh), LatentGrid.None, new ParameterInitializer(1, torch.ScalarType.Float64));
        var x = Float64.Normal(4, 5).Times(0.5);
        var jacobian = Derivatives.Jacobian(context => layer.Bind(context).Transform(x), Float64.Normal(5, 3));
        Assert.True(jacobian.IsNotEqualTo(0).all().item<bool>());
        TensorAssert.Close(x, layer.Bind(Float64.Normal(5, 3)).Transform(x), 0.2, "value");
    }

    [Fact]
    public void Parameters_of_another_number_of_bins_are_refused()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Throws<ArgumentException>(() => new RationalQuadraticSplineBijector(Float64.Normal(1, 13), Settings));
    }

    private static (torch.Tensor Value, torch.Tensor LogDeterminant) Apply(
        torch.Tensor parameters, torch.Tensor x, bool inverse)
    {
        var spline = new RationalQuadraticSplineBijector(parameters, Settings);
        return inverse ? spline.Inverse(x) : spline.Forward(x);
    }

    private static torch.Tensor Sum((torch.Tensor Value, torch.Tensor LogDeterminant) result) =>
        result.Value.Clamp(-10, 10).sum().Plus(result.LogDeterminant.sum());

    /// <summary>All knots, the ends, and values far outside.</summary>
    private static torch.Tensor Points(torch.Tensor parameters, bool inverse) => torch.cat(
        [Knots(parameters.detach().to(torch.ScalarType.Float64), inverse), Float64.Vector(-1e30, -3, 0, 3, 1e30)]);

    /// <summary>The knots by the definition of the widths and heights, the ends included.</summary>
    private static torch.Tensor Knots(torch.Tensor parameters, bool inverse)
    {
        var shares = parameters.narrow(0, inverse ? Settings.Bins : 0, Settings.Bins).softmax(0)
            .Times(1 - (Settings.MinimumShare * Settings.Bins)).Plus(Settings.MinimumShare);
        return torch.cat([Float64.Vector(-Bound), shares.cumsum(0).Times(2 * Bound).Minus(Bound)]);
    }
}
