using Sere.Evaluation;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Evaluation;

/// <summary>The tail of weights whose distribution is known.</summary>
public sealed class ParetoTailTests
{
    private const int Count = 3000;

    // At four standard errors of the most likely shape, (1 + k) / sqrt(n) (Smith 1985), whatever the scale: by chance one case
    // in 16,000 would fail. Shown to fail: with the slope's sign changed, and with shapes that lack the quartile.
    [Theory]
    [InlineData(-0.2, -90)]
    [InlineData(0.2, 3)]
    [InlineData(0.7, -90)]
    [InlineData(1.5, -18000)]
    [InlineData(3, 700)]
    public void The_shape_of_generalized_Pareto_draws_is_found(double shape, double threshold)
    {
        var tail = ParetoTail.Fit(Draws(shape, 11, Count).Select(excess => threshold + Math.Log(1 + excess)).Prepend(threshold));
        double steadied = ((Count * shape) + 5) / (Count + 10);
        Assert.Equal(steadied, tail!.Shape, 4 * (1 + shape) / Math.Sqrt(Count));
    }

    [Fact]
    public void The_order_of_the_weights_changes_nothing()
    {
        double[] weights = [.. Draws(0.5, 12, 95).Select(excess => Math.Log(1 + excess)).Prepend(0)];
        var draws = new TailDraws(95);
        var (rising, falling) = (ParetoTail.Fit(weights.Order()), ParetoTail.Fit(weights.OrderDescending()));
        Assert.Equal(rising!.Shape, falling!.Shape);
        Assert.Equal(rising.Spread(7, 1000, draws), falling.Spread(7, 1000, draws));
        Assert.Equal(rising.Spread(7, 1000, draws), rising.Spread(7, 1000, new TailDraws(95)));
    }

    // Where the largest of K weights is nearly all of their sum, log sum w is the largest of K exponential numbers with mean
    // k: a Gumbel distribution, with standard deviation k pi / sqrt(6).
    [Theory]
    [InlineData(4)]
    [InlineData(40)]
    [InlineData(4000)]
    public void The_spread_of_a_heavy_tail_is_that_of_its_largest_weight(double shape)
    {
        double[] weights = [.. Exponentials(13, 300).Select(number => shape * number).Prepend(0)];
        double spread = ParetoTail.Fit(weights)!.Spread(weights.Max(), 10_000, new TailDraws(300));
        Assert.InRange(spread / (shape * Math.PI / Math.Sqrt(6)), 0.7, 1.3);
    }

    // Weights that are all the same have no error; a few that stand out have one that nothing is known of.
    [Fact]
    public void Weights_without_a_tail_are_told_apart()
    {
        var draws = new TailDraws(95);
        double[] same = [.. Enumerable.Repeat(-90.0, 96)];
        Assert.Equal((0, 0), ImportanceSampledLikelihood.MonteCarloError(-90 + Math.Log(1000), 1000, 1000, same, draws));
        double[] few = [-80, -81, .. same[2..]];
        var (error, shape) = ImportanceSampledLikelihood.MonteCarloError(-80 + Math.Log(1.4), 1.8, 1000, few, draws);
        Assert.Equal(Math.Sqrt(((1000 / 1.8) - 1) / 999), error, 1e-12);
        Assert.Equal(double.PositiveInfinity, shape);
        double[] nothing = [.. Enumerable.Repeat(double.NegativeInfinity, 96)];
        Assert.True(double.IsNaN(
            ImportanceSampledLikelihood.MonteCarloError(double.NegativeInfinity, double.NaN, 1000, nothing, draws).Error));
    }

    private static IEnumerable<double> Draws(double shape, int seed, int count) =>
        Exponentials(seed, count).Select(number => (Math.Exp(shape * number) - 1) / shape);

    private static double[] Exponentials(int seed, int count)
    {
        using var uniform = torch.rand(
            count, torch.ScalarType.Float64, generator: new torch.Generator((ulong)seed, torch.CPU));
        return [.. uniform.data<double>().Select(number => -Math.Log(1 - number))];
    }
}
