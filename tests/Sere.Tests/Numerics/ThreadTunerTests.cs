using Sere.Numerics;
using Xunit;

namespace Sere.Tests.Numerics;

/// <summary>The choice of a number of threads, with a machine that is made up: pieces a second by threads.</summary>
public sealed class ThreadTunerTests
{
    private readonly List<int> _used = [];
    private ThreadTuner _tuner = new(1, 1, _ => { });

    [Theory]
    [InlineData(16, 16, new[] { 16.0, 8, 4, 2, 1 })]
    [InlineData(16, 8, new[] { 1.0, 8, 7, 4, 2 })]
    [InlineData(16, 1, new[] { 0.1, 1, 2, 4, 10 })]
    [InlineData(6, 3, new[] { 4.0, 8, 2 })]
    [InlineData(2, 1, new[] { 1.9, 19 })]
    [InlineData(2, 2, new[] { 1.02, 1.0 })]
    public void The_fastest_of_halves_is_found(int cores, int expected, double[] ratesFromAllCoresDown)
    {
        Start(cores, cores);
        double Rate(int threads) => ratesFromAllCoresDown[(int)Math.Log2((double)cores / threads)];
        Run(40, Rate);
        Assert.Equal(expected, _used[^1]);
        Assert.InRange(_used[0], cores, cores);
    }

    [Fact]
    public void A_machine_that_becomes_busy_or_idle_is_noticed_and_measuring_takes_a_small_part_of_the_time()
    {
        Start(2, 2);
        double seconds = Run(12, threads => threads);
        Assert.Equal(2, _used[^1]);
        seconds += Run(200, threads => threads == 2 ? 0.5 : 1);
        Assert.Equal(1, _used[^1]);
        seconds += Run(1000, threads => threads);
        Assert.Equal(2, _used[^1]);
        int trials = _used.Skip(400).Zip(_used.Skip(401)).Count(pair => pair.First != pair.Second);
        Assert.InRange(trials, 0, 60);
        Assert.InRange(seconds, 0, 1400);
    }

    [Fact]
    public void A_number_that_is_much_slower_is_given_up_after_its_second_piece()
    {
        Start(1, 2);
        Run(300, threads => threads == 1 ? 10 : 0.1);
        Assert.InRange(_used.Count(threads => threads == 2), 2, 4);
    }

    private void Start(int threads, int limit)
    {
        int current = 0;
        _tuner = new ThreadTuner(threads, limit, use => current = use);
        _current = () => current;
    }

    private Func<int> _current = () => 0;

    private double Run(int pieces, Func<int, double> rate)
    {
        double all = 0;
        for (int i = 0; i < pieces; i++)
        {
            int threads = _current();
            _used.Add(threads);
            double seconds = 1 / rate(threads);
            all += seconds;
            _tuner.Took(1, seconds);
        }

        return all;
    }
}
