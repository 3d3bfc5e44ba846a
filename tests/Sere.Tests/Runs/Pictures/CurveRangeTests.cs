using Sere.Runs.Pictures;
using Xunit;

namespace Sere.Tests.Runs.Pictures;

public sealed class CurveRangeTests
{
    [Fact]
    public void The_first_epochs_do_not_flatten_a_rising_curve_and_the_label_says_so()
    {
        var range = CurveRange.Of([Rising(200, -85)]);
        Assert.InRange(range.Low, -105, -90);
        Assert.Equal(Rising(200, -85)[^1], range.High);
        Assert.True(range.CutsLow);
        Assert.False(range.CutsHigh);
        Assert.Matches(@"^, cut at −9\d\.\d\d \(lowest −205\.0\)$", range.Note);
    }

    [Fact]
    public void A_falling_curve_is_cut_above()
    {
        var range = CurveRange.Of([[.. Rising(200, 0).Select(value => 3 - (value / 10))]]);
        Assert.True(range.CutsHigh);
        Assert.False(range.CutsLow);
        Assert.InRange(range.High, 3, 5);
        Assert.Contains("highest 15.00", range.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void A_curve_far_below_another_stays_in_sight()
    {
        double[] lower = Rising(100, -300);
        var range = CurveRange.Of([Rising(100, -85), lower]);
        Assert.True(range.Low < lower[50]);
    }

    [Fact]
    public void The_end_of_a_curve_that_broke_down_stays_in_sight()
    {
        double[] curve = [.. Rising(50, -85), -5000];
        var range = CurveRange.Of([curve]);
        Assert.Equal(-5000, range.Low);
        Assert.Empty(range.Note);
    }

    [Fact]
    public void Few_points_are_all_shown()
    {
        var range = CurveRange.Of([Rising(7, -85)]);
        Assert.Equal((-205.0, Rising(7, -85)[^1]), (range.Low, range.High));
        Assert.Empty(range.Note);
    }

    [Fact]
    public void A_level_curve_with_single_outliers_is_shown_with_them()
    {
        double[] curve = [.. Enumerable.Repeat(5.0, 40)];
        curve[3] = 1;
        curve[8] = 9;
        var range = CurveRange.Of([curve]);
        Assert.Equal((1.0, 9.0), (range.Low, range.High));
        Assert.Equal((5.0, 5.0), (CurveRange.Of([[5.0]]).Low, CurveRange.Of([[5.0]]).High));
    }

    private static double[] Rising(int count, double limit) =>
        [.. Enumerable.Range(1, count).Select(epoch => limit - (120 / (double)epoch))];
}
