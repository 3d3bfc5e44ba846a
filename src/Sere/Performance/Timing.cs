using System.Diagnostics;

namespace Sere.Performance;

/// <summary>Times work that is repeated, in milliseconds.</summary>
internal static class Timing
{
    /// <summary>The time of one call, after it has ended.</summary>
    public static double Once(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>The shortest of the calls that fit into a time, at least five: what the machine can do undisturbed.</summary>
    /// <param name="work">The work; it is called once more to warm up.</param>
    /// <param name="budget">Milliseconds to spend.</param>
    public static double Best(Action work, double budget)
    {
        work();
        double best = double.PositiveInfinity;
        double spent = 0;
        for (int i = 0; i < 5 || spent < budget; i++)
        {
            double time = Once(work);
            best = Math.Min(best, time);
            spent += time;
        }

        return best;
    }

    /// <summary>The median of calls, after one that is not counted.</summary>
    public static double Median(Action work, int calls)
    {
        work();
        return Median([.. Enumerable.Range(0, calls).Select(_ => Once(work))]);
    }

    /// <summary>The median of numbers, the mean of the middle two of an even count.</summary>
    public static double Median(double[] values)
    {
        Array.Sort(values);
        return (values[values.Length / 2] + values[(values.Length - 1) / 2]) / 2;
    }
}
