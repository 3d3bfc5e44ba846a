using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// How rare the figures of an image are among those of normal images: a normal distribution of the vector of figures, its
/// covariance shrunk as far as they are few (density of states, Morningstar et al. 2021). One figure may stand apart from the
/// others, whose number would outvote it: where it is high, an image is as novel as one whose other figures are as unusual
/// among normal images as it is, and the more novel of the two counts.
/// </summary>
internal sealed class NoveltyDensity
{
    // So many normal images are left out in turn where each alone would take long.
    private const int MostFolds = 100;

    // With fewer rows for each figure a covariance is mostly chance.
    private const int RowsPerFigure = 5;

    // Beyond it log(1 + e^z) is z, and nothing is more novel.
    private const double LargestExponent = 40;

    private readonly int[] _columns;
    private readonly double[] _mean;
    private readonly double[,] _precisionFactor;
    private readonly bool _isOneSided;
    private FigureApart? _apart;

    private NoveltyDensity(int[] columns, double[] mean, double[,] precisionFactor, bool isOneSided) =>
        (_columns, _mean, _precisionFactor, _isOneSided) = (columns, mean, precisionFactor, isOneSided);

    // Half squared distances have no logarithm at the mean itself.
    private const double SmallestNovelty = 1e-9;

    /// <summary>A figure in units of its spread, and what the novelty by the others is there: its logarithm is linear in it.</summary>
    private sealed record FigureApart(int Column, double Mean, double Spread, double LogNovelty, double LogNoveltySpread)
    {
        public double Of(double figure) =>
            Math.Exp(Math.Min(LargestExponent, LogNovelty + (LogNoveltySpread * (figure - Mean) / Spread)));
    }

    /// <summary>
    /// Fits the figures of normal images, one row each. Figures that do not vary, or are no numbers, say nothing; of few rows
    /// the first figures alone are taken.
    /// </summary>
    /// <param name="rows">At least two rows of one length, what tells most first.</param>
    /// <param name="lowest">The one figure that tells, where it is low; null for all, to both sides.</param>
    /// <param name="apart">The figure that stands apart, where it is high.</param>
    public static NoveltyDensity Fit(IReadOnlyList<double[]> rows, int? lowest = null, int? apart = null) =>
        Fit(rows, rows.Count / RowsPerFigure, lowest, apart);

    private static NoveltyDensity Fit(IReadOnlyList<double[]> rows, int most, int? lowest, int? apart)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        ThreadTuner.RequireAll();
        int[] columns =
        [
            .. Enumerable.Range(0, rows[0].Length).Where(column => (lowest ?? column) == column && column != apart
                && rows.All(row => double.IsFinite(row[column])) && rows.Any(row => row[column] != rows[0][column]))
                .Take(Math.Max(1, most)),
        ];
        if (columns.Length == 0)
        {
            return new NoveltyDensity([], [], new double[0, 0], false);
        }

        double[] values = [.. rows.SelectMany(row => columns.Select(column => row[column]))];
        var data = torch.tensor(values, [rows.Count, columns.Length], dtype: torch.ScalarType.Float64);
        var (mean, covariance) = ShrunkCovariance.Fit(data)!.Value;
        var factor = torch.linalg.cholesky(covariance);
        var inverse = torch.linalg.solve_triangular(
            factor, torch.eye(columns.Length, dtype: torch.ScalarType.Float64), upper: false);
        double[,] precision = new double[columns.Length, columns.Length];
        Buffer.BlockCopy(inverse.contiguous().data<double>().ToArray(), 0, precision, 0, sizeof(double) * precision.Length);
        var density = new NoveltyDensity(columns, [.. mean.data<double>()], precision, lowest is not null);
        density._apart = apart is { } one ? density.MeasureApart(rows, one) : null;
        return density;
    }

    /// <summary>Null where the figure does not vary, or is no number.</summary>
    private FigureApart? MeasureApart(IReadOnlyList<double[]> rows, int column)
    {
        var (mean, spread) = MeanAndSpread(rows, row => row[column]);
        var (logNovelty, logSpread) = MeanAndSpread(rows, row => Math.Log(Math.Max(Of(row), SmallestNovelty)));
        return spread > 0 && double.IsFinite(spread) ? new FigureApart(column, mean, spread, logNovelty, logSpread) : null;
    }

    private static (double Mean, double Spread) MeanAndSpread(IReadOnlyList<double[]> rows, Func<double[], double> figure)
    {
        double[] values = [.. rows.Select(figure)];
        double mean = values.Average();
        return (mean, Math.Sqrt(values.Average(value => (value - mean) * (value - mean))));
    }

    /// <summary>How many figures it is of.</summary>
    public int Figures => _columns.Length;

    /// <summary>
    /// The novelty of each of the normal images themselves, under the fit to the others: what normal images to come will have.
    /// </summary>
    public static double[] OfNormal(IReadOnlyList<double[]> rows, int? lowest = null, int? apart = null)
    {
        double[] novelties = new double[rows.Count];
        int folds = Math.Min(MostFolds, rows.Count);
        for (int fold = 0; fold < folds; fold++)
        {
            var others = Fit([.. rows.Where((_, row) => row % folds != fold)], rows.Count / RowsPerFigure, lowest, apart);
            for (int row = fold; row < rows.Count; row += folds)
            {
                novelties[row] = others.Of(rows[row]);
            }
        }

        return novelties;
    }

    /// <summary>
    /// -log density of the figures, less that of the most usual ones, in nats: 0 for these, and half the squared distance in
    /// units of the spread, or what the figure apart says, if that is more; of the lowest figure alone log(1 + e^z), z spreads below the mean. NaN
    /// where a figure that varies among normal images is no number.
    /// </summary>
    public double Of(ReadOnlySpan<double> figures)
    {
        double squares = 0;
        for (int row = 0; row < _columns.Length; row++)
        {
            double whitened = 0;
            for (int column = 0; column <= row; column++)
            {
                whitened += _precisionFactor[row, column] * (figures[_columns[column]] - _mean[column]);
            }

            if (_isOneSided)
            {
                return whitened < -LargestExponent ? -whitened : Math.Log(1 + Math.Exp(-whitened));
            }

            squares += whitened * whitened;
        }

        return Math.Max(squares / 2, _apart?.Of(figures[_apart.Column]) ?? 0);
    }
}
