using Sere.Distributions;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>The merge of a ladder against its closed form and against the product of the densities.</summary>
/// <remarks>Seen to fail with: the merged scale's weight in place of its root.</remarks>
public sealed class PrecisionWeightedNormalLawTests
{
    [Fact]
    public void Precisions_add_and_means_are_weighted_by_them()
    {
        using var scope = torch.NewDisposeScope();
        var (first, second) = (Normal(1, 5, 3), Normal(3, 2, 5, 3));
        var merged = PrecisionWeightedNormal.Merge(first, second);
        var (one, two) = (first.LogScale.Times(-2).exp(), second.LogScale.Times(-2).exp());
        TensorAssert.Close(one.Plus(two), merged.LogScale.Times(-2).exp(), 1e-12, "precision");
        TensorAssert.Close((first.Mean * one).Plus(second.Mean * two) / one.Plus(two), merged.Mean, 1e-12, "mean");
    }

    [Fact]
    public void The_merge_is_the_product_of_the_densities_up_to_a_constant()
    {
        using var scope = torch.NewDisposeScope();
        var (first, second) = (Normal(1, 4), Normal(3, 4));
        var merged = PrecisionWeightedNormal.Merge(first, second);
        var x = Float64.Normal(9, 7, 4).Times(3);
        var ratio = merged.LogProbPerDimension(x) - first.LogProbPerDimension(x) - second.LogProbPerDimension(x);
        TensorAssert.Close(ratio[0].expand_as(ratio), ratio, 1e-12, "log of the ratio");
    }

    [Theory]
    [InlineData(-100)]
    [InlineData(100)]
    public void Where_one_is_far_surer_the_merge_is_that_one_and_gradients_are_finite(double logScale)
    {
        using var scope = torch.NewDisposeScope();
        var unsure = Float64.Leaf(Float64.Vector(logScale));
        var first = new DiagonalNormal(Float64.Vector(3), unsure);
        var second = new DiagonalNormal(Float64.Vector(-2), Float64.Vector(0.5));
        var merged = PrecisionWeightedNormal.Merge(first, second);
        var surer = logScale < 0 ? first : second;
        TensorAssert.Close(surer.Mean, merged.Mean, 1e-12, "mean");
        TensorAssert.Close(surer.LogScale, merged.LogScale, 1e-12, "log-scale");
        merged.Mean.Plus(merged.LogScale).sum().backward();
        TensorAssert.Finite(unsure.grad, "gradient");
    }

    private static DiagonalNormal Normal(long seed, params long[] shape) =>
        new(Float64.Normal(seed, shape), Float64.Normal(seed + 1, shape).Times(0.5));
}
