using Sere.Evaluation;
using Xunit;

namespace Sere.Tests.Evaluation;

public sealed class SampleStatisticsTests
{
    [Fact]
    public void The_standard_error_is_the_deviation_of_a_sample_over_the_root_of_its_size()
    {
        // Mean 5; squares 9 + 1 + 1 + 9 = 20; variance 20 / 3; standard error sqrt(20 / 3 / 4).
        var statistics = SampleStatistics.Of([2, 4, 6, 8]);
        Assert.Equal(5, statistics.Mean, 1e-15);
        Assert.Equal(Math.Sqrt(5.0 / 3), statistics.StandardError, 1e-15);
    }

    [Fact]
    public void One_figure_has_a_mean_and_no_standard_error()
    {
        var statistics = SampleStatistics.Of([-7]);
        Assert.Equal(-7, statistics.Mean);
        Assert.True(double.IsNaN(statistics.StandardError));
    }

    [Fact]
    public void A_paired_difference_forgets_what_the_pairs_share()
    {
        // Images differ by hundreds of nats, the two models by one or two on each of them.
        double[] first = [-100, -300, -500, -700];
        double[] second = [-101, -302, -501, -702];
        var difference = SampleStatistics.OfPairedDifference(first, second);
        Assert.Equal(1.5, difference.Mean, 1e-12);
        Assert.Equal(Math.Sqrt(1.0 / 3 / 4), difference.StandardError, 1e-12);
        Assert.True(SampleStatistics.Of(first).StandardError > 100);
    }

    [Fact]
    public void Lists_of_two_lengths_cannot_be_paired() =>
        Assert.Throws<ArgumentException>(() => SampleStatistics.OfPairedDifference([1, 2], [1]));
}
