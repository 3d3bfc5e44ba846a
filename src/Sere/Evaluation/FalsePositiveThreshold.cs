using TorchSharp;

namespace Sere.Evaluation;

/// <summary>A threshold that normal images exceed with a wanted probability.</summary>
/// <param name="Rate">That probability.</param>
/// <param name="Value">The threshold: what exceeds it is flagged.</param>
/// <param name="Low">Where 5 of 100 thresholds from other normal images would lie below.</param>
/// <param name="High">Where 5 of 100 would lie above.</param>
public sealed record FalsePositiveThreshold(double Rate, double Value, double Low, double High)
{
    // With fewer normal images above the threshold than this, their order says less than their spread.
    private const int FewestAbove = 10;

    /// <summary>
    /// Of the novelties of normal images that no fit has seen. Where enough of them lie above it, the threshold is their
    /// quantile; else that of a log-normal distribution of them, widened for their number (the prediction interval of
    /// Student's t).
    /// </summary>
    /// <param name="normal">Novelties, greater than or equal to 0; at least two.</param>
    /// <param name="rate">The wanted probability, greater than 0 and less than 1.</param>
    /// <param name="seed">Seed of the interval.</param>
    public static FalsePositiveThreshold Of(IReadOnlyList<double> normal, double rate, long seed = 1)
    {
        ArgumentNullException.ThrowIfNull(normal);
        ArgumentOutOfRangeException.ThrowIfLessThan(normal.Count, 2, nameof(normal));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rate, 1);
        var (low, high) = Bootstrap.Middle(Bootstrap.Draw([normal], groups => Quantile(groups[0], rate), seed), 0.9);
        return new FalsePositiveThreshold(rate, Quantile(normal, rate), low, high);
    }

    /// <summary>The threshold alone.</summary>
    internal static double Quantile(IReadOnlyList<double> normal, double rate)
    {
        if (normal.Count * rate >= FewestAbove)
        {
            double[] ordered = [.. normal.Order()];
            return ordered[(int)Math.Ceiling((1 - rate) * (ordered.Length - 1))];
        }

        double[] logarithms = [.. normal.Select(value => Math.Log(Math.Max(value, double.Epsilon)))];
        double mean = logarithms.Average();
        int freedom = logarithms.Length - 1;
        double deviation = Math.Sqrt(logarithms.Sum(value => (value - mean) * (value - mean)) / freedom);
        using var probability = torch.tensor(1 - (2 * rate));
        using var quantile = probability.erfinv();
        double z = Math.Sqrt(2) * quantile.item<double>();

        // The first terms of the Cornish-Fisher expansion of Student's t.
        double t = z + (z * ((z * z) + 1) / (4 * freedom))
            + (z * ((5 * z * z * z * z) + (16 * z * z) + 3) / (96.0 * freedom * freedom));
        return Math.Exp(mean + (t * deviation * Math.Sqrt(1 + (1.0 / logarithms.Length))));
    }
}
