using Sere.Bijectors;
using Sere.Distributions;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>
/// Law 2: Proposition 1. The divergence of two distributions of z that share a bijector, by quadrature of
/// q'(z) (log q'(z) - log p'(z)) with densities of z alone (which invert the bijector and take its log-determinant),
/// is the divergence of their bases.
/// </summary>
/// <remarks>
/// Seen to fail with: log(1 + sum u^2/d) left out; a log-determinant of the wrong sign, in the inverse and in the density;
/// Sherman-Morrison without its 1; a divergence without its -1/2; any two bijectors accepted.
/// </remarks>
public sealed class PropositionOneLawTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void The_divergence_in_z_is_the_divergence_of_the_bases(long seed)
    {
        using var scope = torch.NewDisposeScope();
        var (qBase, pBase) = (Normal(120 + seed, 2), Normal(130 + seed, 2));
        var bijector = RankOne(140 + seed, 2);
        var (q, p) = (new TransformedDistribution(qBase, bijector), new TransformedDistribution(pBase, bijector));

        // Closer points than the smallest standard deviation of z, over more than 12 of the largest.
        var (points, logVolume) = Float64.Grid(2, 16, 401);
        var logQ = q.LogProb(points);
        var weights = logQ.Plus(logVolume).exp();
        Assert.Equal(1, weights.sum().item<double>(), 1e-11);
        double integral = (weights * (logQ - p.LogProb(points))).sum().item<double>();
        Assert.Equal(qBase.KullbackLeibler(pBase).item<double>(), integral, 1e-9);
        Assert.Equal(TransformedDistribution.KullbackLeiblerPerDimension(q, p).sum().item<double>(), integral, 1e-9);
    }

    [Fact]
    public void Bijectors_that_are_not_one_object_are_refused()
    {
        using var scope = torch.NewDisposeScope();
        var normal = Normal(160, 2);
        var error = Assert.Throws<ArgumentException>(() => TransformedDistribution.KullbackLeiblerPerDimension(
            new(normal, RankOne(161, 2)), new(normal, RankOne(161, 2))));
        Assert.Contains("shared", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bases_without_a_closed_form_are_refused()
    {
        using var scope = torch.NewDisposeScope();
        var bijector = RankOne(161, 2);
        var inner = new TransformedDistribution(Normal(160, 2), bijector);
        Assert.Throws<ArgumentException>(
            () => TransformedDistribution.KullbackLeiblerPerDimension(new(inner, bijector), new(inner, bijector)));
    }

    private static DiagonalNormal Normal(long seed, params long[] shape) =>
        new(Float64.Normal(seed, shape).Times(0.5), Float64.Normal(seed + 1000, shape).Times(0.2).Minus(0.4));

    private static RankOneAffineBijector RankOne(long seed, int size) => new(
        Float64.Normal(seed, size).Times(0.5),
        Float64.Normal(seed + 1000, size).Times(0.3).exp(),
        Float64.Normal(seed + 2000, size).Times(0.7));
}
