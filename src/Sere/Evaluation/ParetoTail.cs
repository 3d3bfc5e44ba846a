using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// A generalized Pareto distribution of the largest importance weights of an image beyond the largest of the others, fitted
/// as Zhang and Stephens (2009) and Vehtari, Simpson, Gelman, Yao and Gabry (2024) do. In logarithms throughout, because
/// weights of one image may differ by hundreds of nats.
/// </summary>
internal sealed class ParetoTail
{
    private const int FewestWeights = 5;
    private readonly double _threshold;
    private readonly double[] _logWeights;
    private readonly double _logQuartile;
    private readonly double[] _slopes;
    private readonly double[] _shapes;
    private readonly double[] _cumulative;

    /// <summary>Fits the larger weights, rising, beyond the one where the tail begins; all as logarithms.</summary>
    private ParetoTail(double threshold, double[] logWeights)
    {
        _threshold = threshold;
        _logWeights = logWeights;
        int count = logWeights.Length;
        double[] excess = [.. logWeights.Select(value => value + Math.Log(1 - Math.Exp(threshold - value)))];
        _logQuartile = excess[(int)((count / 4.0) + 0.5) - 1];
        double[] ratios = [.. excess.Select(value => value - _logQuartile)];

        // The grid of Zhang and Stephens, in units of the quartile: slope = shape / scale, positive for heavy tails.
        int size = 30 + (int)Math.Sqrt(count);
        _slopes = [.. Enumerable.Range(0, size).Select(j => ((Math.Sqrt(size / (j + 0.5)) - 1) / 3) - Math.Exp(-ratios[^1]))];
        _shapes = [.. _slopes.Select(slope => ShapeOf(slope, ratios))];
        double[] logPosterior =
            [.. _slopes.Zip(_shapes, (slope, shape) => count * (Math.Log(slope / shape) - shape))];
        double largest = logPosterior.Where(double.IsFinite).Max();
        double[] posterior = [.. logPosterior.Select(value => double.IsFinite(value) ? Math.Exp(value - largest) : 0)];
        double sum = posterior.Sum();
        double mean = posterior.Zip(_slopes, (weight, slope) => weight * slope).Sum() / sum;
        double below = 0;
        _cumulative = [.. posterior.Select(weight => below += weight / sum)];

        // Ten weights' worth of a shape of 1/2, which steadies short tails.
        Shape = ((count * ShapeOf(mean, ratios)) + 5) / (count + 10);
    }

    /// <summary>k-hat: moments of the weights beyond 1 / k-hat do not exist.</summary>
    public double Shape { get; }

    /// <summary>How many of K weights are the tail.</summary>
    public static int LengthOf(int samples) => (int)Math.Ceiling(Math.Min(0.2 * samples, 3 * Math.Sqrt(samples)));

    /// <summary>Whether K weights have a tail that is long enough to be fitted.</summary>
    public static bool CanBeFitted(int samples) => LengthOf(samples) >= FewestWeights;

    /// <summary>Fits the tail; null where fewer than five weights differ from the largest of the others.</summary>
    /// <param name="largest">The largest log weights, in any order, with the one where the tail begins.</param>
    public static ParetoTail? Fit(IEnumerable<double> largest)
    {
        double[] finite = [.. largest.Where(double.IsFinite).Order()];
        double[] tail = [.. finite.Where(value => value > finite[0])];
        return tail.Length < FewestWeights ? null : new ParetoTail(finite[0], tail);
    }

    /// <summary>
    /// The standard deviation of log sum w, if the tail were drawn again from what was fitted, the uncertainty of the fit
    /// included.
    /// </summary>
    /// <param name="logSum">log sum w of all weights.</param>
    /// <param name="samples">Their number.</param>
    /// <param name="draws">Numbers between 0 and 1.</param>
    public double Spread(double logSum, int samples, TailDraws draws)
    {
        int count = _logWeights.Length;
        double share = _logWeights.Sum(value => Math.Exp(value - logSum));
        double others = Math.Min(Math.Exp(Math.Min(logSum - _threshold, 700)) * Math.Max(0, 1 - share), samples - count);
        double[] logSums = new double[TailDraws.Repeats];
        for (int repeat = 0; repeat < logSums.Length; repeat++)
        {
            int fit = Array.FindIndex(_cumulative, value => value >= TailDraws.Posterior(repeat));
            fit = fit < 0 ? _cumulative.Length - 1 : fit;
            double shape = _shapes[fit];
            double largest = -Math.Log(1 - Math.Pow(TailDraws.Largest(repeat), 1.0 / count));
            double below = 1 - Math.Exp(-largest);

            // w / threshold = 1 + scale (exp(shape e) - 1) with e exponential; all in units of exp(unit).
            double logScale = _logQuartile - _threshold - Math.Log(Math.Abs(_slopes[fit]));
            double unit = Math.Max(0, logScale + Math.Max(0, shape * largest));
            double sum = Math.Exp((shape * largest) + logScale - unit);
            foreach (double uniform in draws.Others(repeat, count - 1))
            {
                sum += Math.Exp((-shape * Math.Log(1 - (uniform * below))) + logScale - unit);
            }

            sum = Math.Sign(shape) * (sum - (count * Math.Exp(logScale - unit)));
            logSums[repeat] = unit + Math.Log(sum + ((count + others) * Math.Exp(-unit)));
        }

        double mean = logSums.Average();
        return Math.Sqrt(logSums.Sum(value => (value - mean) * (value - mean)) / (logSums.Length - 1));
    }

    /// <summary>The most likely shape for a slope: the mean of log(1 + slope x).</summary>
    private static double ShapeOf(double slope, double[] logExcess)
    {
        double logSlope = Math.Log(Math.Abs(slope));
        return logExcess.Average(value =>
        {
            double log = logSlope + value;
            return slope < 0 ? double.LogP1(-Math.Exp(log))
                : log < 0 ? double.LogP1(Math.Exp(log))
                : log + double.LogP1(Math.Exp(-log));
        });
    }
}

/// <summary>
/// The numbers between 0 and 1 that tails are drawn with: the same for all images, so that the error of an image is a
/// function of its weights alone.
/// </summary>
internal sealed class TailDraws
{
    /// <summary>How often a tail is drawn.</summary>
    public const int Repeats = 200;

    private const double GoldenRatio = 0.6180339887498949;
    private readonly int _length;
    private readonly double[] _numbers;

    /// <summary>For tails of up to the given length.</summary>
    public TailDraws(int length)
    {
        _length = length;
        using var scope = torch.NewDisposeScope();
        using var generator = new RandomStreams(1).Open(StreamPurpose.MonteCarloError);
        _numbers = [.. torch.rand([Repeats, length], torch.ScalarType.Float64, generator: generator).data<double>()];
    }

    /// <summary>Of the largest weight, evenly spread: it moves the sum most.</summary>
    public static double Largest(int repeat) => (repeat + 0.5) / Repeats;

    /// <summary>Of the fit; evenly spread too, and in no order that goes with <see cref="Largest"/>.</summary>
    public static double Posterior(int repeat) => (repeat + 1) * GoldenRatio % 1;

    /// <summary>Of the other weights.</summary>
    public ReadOnlySpan<double> Others(int repeat, int count) => _numbers.AsSpan(repeat * _length, count);
}
