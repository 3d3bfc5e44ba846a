using Sere.Evaluation;
using Xunit;

namespace Sere.Tests.Evaluation;

public sealed class ReceiverOperatingCharacteristicTests
{
    [Theory]
    [InlineData(new[] { 3.0, 4 }, new[] { 1.0, 2 }, 1)]
    [InlineData(new[] { 1.0, 2 }, new[] { 3.0, 4 }, 0)]
    [InlineData(new[] { 1.0, 1 }, new[] { 1.0 }, 0.5)]
    [InlineData(new[] { 1.0, 3 }, new[] { 2.0, 0 }, 0.75)]
    [InlineData(new[] { 2.0 }, new[] { 2.0, 1, 3, 3 }, 0.375)]
    public void The_area_is_the_share_of_pairs_in_the_right_order(double[] positives, double[] negatives, double area) =>
        Assert.Equal(area, ReceiverOperatingCharacteristic.Area(positives, negatives), 12);

    [Fact]
    public void The_area_is_that_of_all_pairs_counted_one_by_one()
    {
        var random = new Random(5);
        double[] positives = [.. Enumerable.Range(0, 60).Select(_ => (double)random.Next(20))];
        double[] negatives = [.. Enumerable.Range(0, 40).Select(_ => (double)random.Next(15))];
        double expected = positives.Average(a => negatives.Average(b => a > b ? 1 : a == b ? 0.5 : 0));
        Assert.Equal(expected, ReceiverOperatingCharacteristic.Area(positives, negatives), 12);
    }

    [Fact]
    public void Empty_groups_and_what_is_not_a_number_are_refused()
    {
        Assert.Throws<ArgumentException>(() => ReceiverOperatingCharacteristic.Area([], [1]));
        Assert.Throws<ArgumentException>(() => ReceiverOperatingCharacteristic.Area([1], []));
        Assert.Throws<ArgumentException>(() => ReceiverOperatingCharacteristic.Area([1], [double.NaN]));
    }
}
