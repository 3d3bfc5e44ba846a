namespace Sere.Evaluation;

/// <summary>Mean and standard error of figures that belong to images.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="StandardError">Standard deviation over the square root of the count; NaN below two figures.</param>
public sealed record SampleStatistics(double Mean, double StandardError)
{
    /// <summary>Of figures that stand for themselves.</summary>
    public static SampleStatistics Of(IReadOnlyCollection<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        double mean = values.Average();
        double squares = values.Sum(value => (value - mean) * (value - mean));
        double variance = values.Count > 1 ? squares / (values.Count - 1) : double.NaN;
        return new SampleStatistics(mean, Math.Sqrt(variance / values.Count));
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
