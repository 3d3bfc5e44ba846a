namespace Sere.Evaluation;

/// <summary>Mean and standard error of figures that belong to images.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="StandardError">Standard deviation over the square root of the count; NaN below two figures.</param>
/// <param name="Count">How many figures.</param>
public sealed record SampleStatistics(double Mean, double StandardError, int Count)
{
    /// <summary>Of figures that stand for themselves.</summary>
    public static SampleStatistics Of(IReadOnlyCollection<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        double mean = values.Average();
        double squares = values.Sum(value => (value - mean) * (value - mean));
        double variance = values.Count > 1 ? squares / (values.Count - 1) : double.NaN;
        return new SampleStatistics(mean, Math.Sqrt(variance / values.Count), values.Count);
    }

    /// <summary>Of the differences first - second, image by image: what comparing two models needs.</summary>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public static SampleStatistics OfPairedDifference(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return first.Count == second.Count
            ? Of([.. first.Zip(second, (a, b) => a - b)])
            : throw new ArgumentException(
                $"{first.Count} figures cannot be paired with {second.Count}.", nameof(second));
    }
}

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
        ArgumentNullException.ThrowIfNull(positives);
        ArgumentNullException.ThrowIfNull(negatives);
        if (positives.Count == 0 || negatives.Count == 0 || positives.Concat(negatives).Any(double.IsNaN))
        {
            throw new ArgumentException("Both groups need figures, and each has to be a number.", nameof(positives));
        }

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
}
