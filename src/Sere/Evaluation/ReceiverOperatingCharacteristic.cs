using Sere.Numerics;

namespace Sere.Evaluation;

/// <summary>How well a figure tells two groups apart, whatever the threshold.</summary>
public static class ReceiverOperatingCharacteristic
{
    /// <summary>
    /// The area under the curve: the probability that a figure of the first group is greater than one of the second, where
    /// ties count half. 1 tells all apart, 0.5 none, and below 0.5 the figure points the other way.
    /// </summary>
    /// <param name="positives">Figures of the group that should score higher; at least one.</param>
    /// <param name="negatives">Figures of the other group; at least one.</param>
    /// <exception cref="ArgumentException">A group is empty, or a figure is not a number.</exception>
    public static double Area(IReadOnlyCollection<double> positives, IReadOnlyCollection<double> negatives)
    {
        RequireGroups(positives, negatives);
        double[] ordered = [.. negatives.Order()];
        double pairs = positives.Sum(value =>
            0.5 * (CountUpTo(ordered, value, orEqual: false) + (double)CountUpTo(ordered, value, orEqual: true)));
        return pairs / ((double)positives.Count * negatives.Count);
    }

    /// <summary>How many of the ordered values lie below a value, or are not above it.</summary>
    private static int CountUpTo(double[] ordered, double value, bool orEqual)
    {
        int low = 0;
        int high = ordered.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            bool counts = orEqual ? ordered[middle] <= value : ordered[middle] < value;
            (low, high) = counts ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>
    /// Average precision: the mean, over the first group, of the share of its members among all figures that are at least
    /// as great; with groups of these sizes, a figure that tells nothing has the share of the first group.
    /// </summary>
    /// <param name="positives">Figures of the group that should score higher; at least one.</param>
    /// <param name="negatives">Figures of the other group; at least one.</param>
    /// <exception cref="ArgumentException">A group is empty, or a figure is not a number.</exception>
    public static double AveragePrecision(IReadOnlyCollection<double> positives, IReadOnlyCollection<double> negatives)
    {
        RequireGroups(positives, negatives);
        double[] found = [.. positives.OrderDescending()];
        double[] others = [.. negatives.Order()];
        double sum = 0;
        for (int next, i = 0; i < found.Length; i = next)
        {
            // Of equal figures none is found before the others.
            next = i + 1;
            while (next < found.Length && found[next] == found[i])
            {
                next++;
            }

            sum += (next - i) * (double)next / (next + others.Length - CountUpTo(others, found[i], orEqual: false));
        }

        return sum / found.Length;
    }

    /// <summary>
    /// The curve: false and true positive rate at each threshold, from (0, 0) to (1, 1).
    /// </summary>
    /// <param name="positives">Figures of the group that should score higher; at least one.</param>
    /// <param name="negatives">Figures of the other group; at least one.</param>
    /// <exception cref="ArgumentException">A group is empty, or a figure is not a number.</exception>
    public static IReadOnlyList<(double FalsePositiveRate, double TruePositiveRate)> Curve(
        IReadOnlyCollection<double> positives, IReadOnlyCollection<double> negatives)
    {
        RequireGroups(positives, negatives);
        double[] found = [.. positives.Order()];
        double[] others = [.. negatives.Order()];
        return
        [
            (0, 0),
            .. positives.Concat(negatives).Distinct().OrderDescending().Select(threshold => (
                1 - ((double)CountUpTo(others, threshold, orEqual: false) / others.Length),
                1 - ((double)CountUpTo(found, threshold, orEqual: false) / found.Length))),
        ];
    }

    /// <summary>
    /// The middle 95 of 100 values that a statistic has when each group is drawn anew from itself (bootstrap).
    /// </summary>
    /// <param name="positives">Figures of one group.</param>
    /// <param name="negatives">Figures of the other.</param>
    /// <param name="statistic">What is asked of the groups.</param>
    /// <param name="seed">Seed of the draws.</param>
    public static (double Low, double High) Interval(
        IReadOnlyList<double> positives,
        IReadOnlyList<double> negatives,
        Func<IReadOnlyCollection<double>, IReadOnlyCollection<double>, double> statistic,
        long seed = 1)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        RequireGroups(positives, negatives);
        double[] values = Bootstrap.Draw([positives, negatives], groups => statistic(groups[0], groups[1]), seed);
        return Bootstrap.Middle(values, 0.95);
    }

    private static void RequireGroups(IReadOnlyCollection<double> positives, IReadOnlyCollection<double> negatives)
    {
        ArgumentNullException.ThrowIfNull(positives);
        ArgumentNullException.ThrowIfNull(negatives);
        if (positives.Count == 0 || negatives.Count == 0 || positives.Concat(negatives).Any(double.IsNaN))
        {
            throw new ArgumentException("Both groups need figures, and each has to be a number.", nameof(positives));
        }
    }
}

/// <summary>What a statistic would be on other samples: each group is drawn anew from its own members.</summary>
internal static class Bootstrap
{
    private const int Resamples = 1000;

    /// <summary>The statistic of each of a thousand draws, in order.</summary>
    public static double[] Draw(
        IReadOnlyList<IReadOnlyList<double>> groups, Func<IReadOnlyList<double[]>, double> statistic, long seed)
    {
        var random = new Random((int)(uint)new RandomStreams(seed).Key(StreamPurpose.Bootstrap));
        double[] values = new double[Resamples];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = statistic([.. groups.Select(group =>
                Enumerable.Range(0, group.Count).Select(_ => group[random.Next(group.Count)]).ToArray())]);
        }

        Array.Sort(values);
        return values;
    }

    /// <summary>The ends of the middle share of ordered values.</summary>
    public static (double Low, double High) Middle(double[] ordered, double share)
    {
        double tail = (1 - share) / 2;
        return (ordered[(int)(tail * (ordered.Length - 1))], ordered[(int)((1 - tail) * (ordered.Length - 1))]);
    }
}
