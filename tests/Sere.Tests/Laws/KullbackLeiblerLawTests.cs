using Sere.Bijectors;
using Sere.Distributions;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>Law 2: divergences in closed form.</summary>
/// <remarks>
/// Seen to fail with: the -1/2 left out; the log-ratio added; the shift of the means in units of q's scale.
/// </remarks>
public sealed class KullbackLeiblerLawTests
{
    /// <summary>
    /// The mean of log q - log p over 100,000 draws of q, for 6 batches of 4 pairs: 24 comparisons at 4 standard errors,
    /// of which a fresh seed fails at least one with probability 0.15 %; the seeds are fixed.
    /// </summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(3, 3)]
    [InlineData(3, 4)]
    [InlineData(10, 5)]
    [InlineData(10, 6)]
    public void The_divergence_of_normals_is_the_mean_log_ratio(int size, long seed)
    {
        const long Draws = 100_000;
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var generator = Float64.Generator(seed);
        var (q, p) = (Normal(100 + seed, 4, size), Normal(200 + seed, 4, size));
        var value = q.Sample(generator, Draws);
        var ratio = q.LogProb(value) - p.LogProb(value);
        TensorAssert.WithinFourStandardErrors(
            q.KullbackLeibler(p), ratio.mean([0]), ratio.std(0).Over(Math.Sqrt(Draws)), "divergence");
    }

    /// <summary>As above, in one dimension and exact to rounding: a quadrature instead of draws.</summary>
    [Fact]
    public void The_divergence_of_normals_is_the_integral_of_the_log_ratio()
    {
        using var scope = torch.NewDisposeScope();
        var (q, p) = (Normal(101, 20, 1), Normal(102, 20, 1));
        var (points, logVolume) = Float64.Grid(1, 20, 801);
        var logQ = q.LogProb(points.unsqueeze(1));
        var integral = (logQ.exp() * (logQ - p.LogProb(points.unsqueeze(1)))).sum([0]).Times(Math.Exp(logVolume));
        TensorAssert.Close(q.KullbackLeibler(p), integral, 1e-11, "divergence");
    }

    [Fact]
    public void Divergences_are_never_negative_and_add_up_over_the_dimensions()
    {
        using var scope = torch.NewDisposeScope();
        var (q, p) = (Normal(103, 200, 3), Normal(104, 200, 3));
        var kl = q.KullbackLeiblerPerDimension(p);
        Assert.True(kl.min().item<double>() > 0);
        TensorAssert.Close(kl.sum(-1), q.KullbackLeibler(p), 1e-14, "sum");
    }

    [Theory]
    [InlineData(torch.ScalarType.Float32)]
    [InlineData(torch.ScalarType.Float64)]
    public void The_divergence_of_a_normal_from_itself_is_exactly_zero(torch.ScalarType type)
    {
        using var scope = torch.NewDisposeScope();
        var mean = Float64.Normal(105, 50, 3).to_type(type);
        var logScale = Float64.Normal(106, 50, 3).Times(3).to_type(type);
        var q = new DiagonalNormal(mean, logScale);
        var p = new DiagonalNormal(mean.clone(), logScale.clone());
        Assert.Equal(0, q.KullbackLeiblerPerDimension(p).abs().max().to_type(torch.ScalarType.Float64).item<double>());
        var bijector = new DiagonalAffineBijector(mean, logScale.exp());
        Assert.Equal(
            0,
            TransformedDistribution.KullbackLeiblerPerDimension(new(q, bijector), new(p, bijector)).abs().max()
                .to_type(torch.ScalarType.Float64).item<double>());
    }

    [Fact]
    public void A_batch_may_diverge_from_one_distribution()
    {
        using var scope = torch.NewDisposeScope();
        var q = Normal(107, 4, 3);
        var p = DiagonalNormal.Standard(3, q.Mean);
        var scale = q.LogScale.exp();
        var expected = (q.Mean.Square().Plus(scale.Square()).Minus(1) - q.LogScale.Times(2)).sum(-1).Times(0.5);
        TensorAssert.Close(expected, q.KullbackLeibler(p), 1e-14, "divergence from N(0, I)");
    }

    private static DiagonalNormal Normal(long seed, params long[] shape) =>
        new(Float64.Normal(seed, shape), Float64.Normal(seed + 1000, shape).Times(0.3).Minus(0.2));
}
