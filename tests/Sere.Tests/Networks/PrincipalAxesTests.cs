using Sere.Networks;
using Sere.Numerics;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Networks;

/// <summary>The covariance that whitens data, and what it is shrunk by.</summary>
/// <remarks>
/// Seen to fail with: axes as rows, variances for deviations, a share that the fitted rows choose, and a missing variance left
/// at zero.
/// </remarks>
public sealed class PrincipalAxesTests
{
    private const int Dimensions = 5;

    [Fact]
    public void The_axes_are_those_of_the_covariance_from_the_largest_variance_on()
    {
        using var scope = torch.NewDisposeScope();
        var x = Correlated(7, 5000);
        var axes = Fitted(x);
        var deviations = axes.LogDeviations.exp();
        TensorAssert.Close(torch.eye(Dimensions, dtype: torch.ScalarType.Float64), axes.Axes.t().mm(axes.Axes), 1e-12, "axes");
        Assert.True(deviations.diff().IsAtMost(0).all().item<bool>());
        TensorAssert.Close(x.mean([0]), axes.Mean, 1e-12, "mean");

        // So many data are shrunk by the least share, 0.001.
        TensorAssert.Close(
            torch.cov(x.t(), correction: 0),
            axes.Axes.mm(deviations.Square().diag()).mm(axes.Axes.t()),
            0.01,
            "covariance");
    }

    [Fact]
    public void Few_data_in_many_dimensions_are_shrunk_so_that_others_stay_likely()
    {
        using var scope = torch.NewDisposeScope();
        var (x, others) = (Correlated(7, 30, 20), Correlated(8, 1000, 20));
        var centred = x - x.mean([0]);
        var plain = centred.t().mm(centred).Over(x.shape[0]);
        var (mean, covariance) = ShrunkCovariance.Fit(x)!.Value;
        Assert.True(
            ShrunkCovariance.LogDensity(others, mean, covariance).mean().item<double>()
            > ShrunkCovariance.LogDensity(others, mean, plain).mean().item<double>());
        TensorAssert.Close(plain.diag(), covariance.diag(), 1e-12, "variances");

        // The least share is far too little for 30 rows in 20 dimensions.
        Assert.InRange(1 - (covariance[0, 1] / plain[0, 1]).item<double>(), 0.0099, 1);
    }

    [Fact]
    public void Rows_that_had_no_part_choose_the_share()
    {
        using var scope = torch.NewDisposeScope();
        var (x, held) = (Correlated(7, 40, 20), Correlated(8, 400, 20));
        var (mean, chosen) = ShrunkCovariance.Fit(x, held)!.Value;
        var centred = x - x.mean([0]);
        var plain = centred.t().mm(centred).Over(x.shape[0]);
        double best = new[] { 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1 }.Max(share => ShrunkCovariance
            .LogDensity(held, mean, plain.Times(1 - share).Plus(plain.diag().Times(share).diag()))
            .mean().item<double>());
        Assert.InRange(1 - (chosen[0, 1] / plain[0, 1]).item<double>(), 0.0099, 0.31);
        Assert.Equal(best, ShrunkCovariance.LogDensity(held, mean, chosen).mean().item<double>(), 1e-9);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(1e6)]
    public void A_constant_dimension_is_refused(double value)
    {
        using var scope = torch.NewDisposeScope();
        var x = Correlated(7, 30);
        x.select(1, 2).FillInPlace(value);
        Assert.Contains("constant", Assert.Throws<SereException>(() => Fitted(x)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_rows_than_can_choose_a_share_give_each_dimension_its_variance()
    {
        using var scope = torch.NewDisposeScope();
        var x = Correlated(7, 4);
        var (_, covariance) = ShrunkCovariance.Fit(x)!.Value;
        TensorAssert.Close(x.@var(0, unbiased: false).diag(), covariance, 1e-12, "covariance");
    }

    // Every fifth row chooses; 0.37 is no sum of powers of two, so that sums of it round.
    [Fact]
    public void A_dimension_that_varies_only_where_the_share_is_chosen_has_no_say_in_it()
    {
        using var scope = torch.NewDisposeScope();
        var x = Correlated(7, 2000);
        var rare = x.select(1, 2).FillInPlace(0.37);
        rare.slice(0, 4, 2000, 50).copy_(Float64.Normal(5, 40));
        var (_, covariance) = ShrunkCovariance.Fit(x)!.Value;
        var plain = torch.cov(x.t(), correction: 0);
        Assert.InRange(1 - (covariance[0, 1] / plain[0, 1]).item<double>(), 0.0009, 0.0031);
        TensorAssert.Close(plain.diag(), covariance.diag(), 1e-9, "variances");
    }

    [Fact]
    public void Many_rows_are_summed_in_parts()
    {
        using var scope = torch.NewDisposeScope();
        var x = Correlated(7, 2503);
        var (mean, covariance) = ShrunkCovariance.Fit(x)!.Value;
        TensorAssert.Close(x.mean([0]), mean, 1e-12, "mean");
        TensorAssert.Close(torch.cov(x.t(), correction: 0).diag(), covariance.diag(), 1e-9, "variances");
    }

    private static PrincipalAxes Fitted(torch.Tensor x)
    {
        var axes = new PrincipalAxes(Dimensions, new ParameterInitializer(1, torch.ScalarType.Float64));
        axes.Fit(x);
        return axes;
    }

    private static torch.Tensor Correlated(int seed, int rows, int dimensions = Dimensions) =>
        Float64.Normal(seed, rows, dimensions).mm(Float64.Normal(1, dimensions, dimensions)).Times(0.5).Plus(2);
}
