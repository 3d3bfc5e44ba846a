using Sere.Distributions;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>Law 2 at the edges of what a network can put out.</summary>
/// <remarks>
/// Seen to fail with: log(1 + e^logit) written as it stands, which overflows; written in max(logit, 0) and |logit|, which
/// has no gradient at 0; the mass of the other outcome; ones drawn as zeros; a standard deviation of the root of the scale.
/// </remarks>
public sealed class ExtremeParameterLawTests
{
    [Theory]
    [InlineData(torch.ScalarType.Float32)]
    [InlineData(torch.ScalarType.Float64)]
    public void Extreme_logits_give_finite_masses_and_the_true_gradients(torch.ScalarType type)
    {
        using var scope = torch.NewDisposeScope();
        double[] values = [-1e4, -100, -20, -1e-3, 0, 1e-3, 20, 100, 1e4];
        foreach (double outcome in new[] { 0.0, 1.0 })
        {
            var logits = Float64.Leaf(torch.tensor(values, type));
            var logProb = new Bernoulli(logits)
                .LogProbPerDimension(TensorArithmetic.Full(logits.shape, outcome, logits.dtype));
            logProb.sum().backward();

            // log sigmoid(logit) for 1, log sigmoid(-logit) for 0; the mass of what is sure is 1.
            var signed = values.Select(value => outcome == 1 ? value : -value).ToArray();
            var expected = signed.Select(value => value > 0
                ? -Math.Log(1 + Math.Exp(-value))
                : value - Math.Log(1 + Math.Exp(value)));
            var slope = values.Select(value => outcome - (1 / (1 + Math.Exp(-value))));
            double rounding = type == torch.ScalarType.Float32 ? 1e-6 : 1e-13;
            TensorAssert.Finite(logProb, "log-mass");
            TensorAssert.Close(
                Float64.Vector([.. expected]), logProb.to_type(torch.ScalarType.Float64), rounding, "log-mass");
            TensorAssert.Close(
                Float64.Vector([.. slope]), logits.grad!.to_type(torch.ScalarType.Float64), rounding, "gradient");
        }
    }

    [Fact]
    public void Logits_of_100_give_the_same_outcome_always()
    {
        using var scope = torch.NewDisposeScope();
        using var generator = Float64.Generator(90);
        var draws = new Bernoulli(Float64.Vector(-100, 100)).Sample(generator, 1000);
        TensorAssert.Close(Float64.Vector(0, 1), draws.mean([0]), 0, "frequency");
    }

    [Theory]
    [InlineData(torch.ScalarType.Float32)]
    [InlineData(torch.ScalarType.Float64)]
    public void Normals_of_extreme_scale_have_finite_densities_and_gradients(torch.ScalarType type)
    {
        using var scope = torch.NewDisposeScope();
        var mean = Float64.Leaf(torch.tensor([0.0, -1e3, 1e3, 0.0], type));
        var logScale = Float64.Leaf(torch.tensor([-20.0, -4.0, 20.0, 0.0], type));
        var x = Float64.Leaf(torch.tensor([1e-3, -1e3, 1e6, 1e6], type));
        var logProb = new DiagonalNormal(mean, logScale).LogProb(x);
        logProb.backward();
        TensorAssert.Finite(logProb, "log-density");
        Assert.All([mean, logScale, x], leaf => TensorAssert.Finite(leaf.grad, "gradient"));
    }

    [Fact]
    public void The_log_density_of_a_normal_at_its_mean_is_minus_log_scale_and_half_log_two_pi()
    {
        using var scope = torch.NewDisposeScope();
        var logProb = new DiagonalNormal(Float64.Vector(3, -1), Float64.Vector(-2, 0.5)).LogProb(Float64.Vector(3, -1));
        Assert.Equal(1.5 - Math.Log(2 * Math.PI), logProb.item<double>(), 1e-14);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(1)]
    public void A_temperature_multiplies_the_standard_deviation(double temperature)
    {
        using var scope = torch.NewDisposeScope();
        var normal = new DiagonalNormal(Float64.Vector(3, -1), Float64.Vector(Math.Log(2), Math.Log(0.1)));
        var expected = Float64.Vector(3 + (2 * temperature * 1.5), -1 - (0.1 * temperature * 0.5));
        TensorAssert.Close(expected, normal.FromNoise(Float64.Vector(1.5, -0.5), temperature), 1e-15, "draw");
    }
}
