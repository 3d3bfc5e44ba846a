using Sere.Data;
using Xunit;

namespace Sere.Tests.Data;

public sealed class IntegerRandomTests
{
    [Fact]
    public void Whole_numbers_below_a_bound_are_equally_likely()
    {
        var random = new IntegerRandom(1);
        int[] counts = new int[6];
        for (int i = 0; i < 60_000; i++)
        {
            counts[random.NextBelow(6)]++;
        }

        double standardError = Math.Sqrt(60_000 * (1 / 6.0) * (5 / 6.0));
        Assert.All(counts, count => Assert.InRange(count, 10_000 - (4 * standardError), 10_000 + (4 * standardError)));
    }

    [Fact]
    public void A_bell_shaped_number_has_mean_zero_and_variance_one()
    {
        var random = new IntegerRandom(2);
        const int Count = 40_000;
        double sum = 0, squares = 0, fourths = 0;
        for (int i = 0; i < Count; i++)
        {
            double value = random.Bell();
            sum += value;
            squares += value * value;
            fourths += value * value * value * value;
        }

        double spread = Math.Sqrt(((fourths / Count) - 1) / Count);
        Assert.InRange(sum / Count, -4 / Math.Sqrt(Count), 4 / Math.Sqrt(Count));
        Assert.InRange(squares / Count, 1 - (4 * spread), 1 + (4 * spread));
    }

    [Fact]
    public void Each_order_of_a_shuffle_is_equally_likely()
    {
        var counts = new Dictionary<(int, int, int), int>();
        var random = new IntegerRandom(3);
        for (int i = 0; i < 12_000; i++)
        {
            Span<int> order = [0, 1, 2];
            random.Shuffle(order);
            counts[(order[0], order[1], order[2])] = counts.GetValueOrDefault((order[0], order[1], order[2])) + 1;
        }

        double standardError = Math.Sqrt(12_000 * (1 / 6.0) * (5 / 6.0));
        Assert.Equal(6, counts.Count);
        Assert.All(
            counts.Values, count => Assert.InRange(count, 2000 - (4 * standardError), 2000 + (4 * standardError)));
    }

    [Fact]
    public void Seed_stream_and_index_each_change_the_numbers()
    {
        uint[] first =
        [
            new IntegerRandom(1, 0, 0).Next(),
            new IntegerRandom(2, 0, 0).Next(),
            new IntegerRandom(1, 1, 0).Next(),
            new IntegerRandom(1, 0, 1).Next(),
            new IntegerRandom(1, 1, 1).Next(),
        ];
        Assert.Equal(first.Length, first.Distinct().Count());
    }
}
