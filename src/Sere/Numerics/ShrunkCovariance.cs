using TorchSharp;

namespace Sere.Numerics;

/// <summary>
/// Mean and covariance of data, the covariance shrunk toward its diagonal by the share, of a few, under which data that had
/// no part in it are most likely. In float64.
/// </summary>
internal static class ShrunkCovariance
{
    // Every fifth row chooses where there are no other data to do so.
    private const int Fold = 5;

    // A multiple of the fold; few enough for the copies of so many rows to be small.
    private const int Chunk = 1000;
    private static readonly double[] Shares = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
    private static readonly double LogTwoPi = Math.Log(2 * Math.PI);

    /// <summary>Mean [D] and covariance [D, D] of data, which other data choose the share of.</summary>
    /// <param name="data">[N, D].</param>
    /// <param name="held">[M, D].</param>
    /// <returns>Null where a dimension of the data is constant.</returns>
    public static (torch.Tensor Mean, torch.Tensor Covariance)? Fit(torch.Tensor data, torch.Tensor held)
    {
        ThreadTuner.RequireAll();
        var origin = Origin(data);
        var moments = Moments.Zero(origin);
        foreach (var rows in Chunks(data, origin))
        {
            moments.Add(rows);
        }

        return Shrunk(moments, moments, Relative(held, origin), origin);
    }

    /// <summary>
    /// Mean [D] and covariance [D, D] of data [N, D]: every fifth row chooses the share with which the covariance of the others
    /// is shrunk, and with it that of all rows is.
    /// </summary>
    /// <returns>Null where a dimension of the data is constant.</returns>
    public static (torch.Tensor Mean, torch.Tensor Covariance)? Fit(torch.Tensor data)
    {
        ThreadTuner.RequireAll();
        var origin = Origin(data);
        var (all, others) = (Moments.Zero(origin), Moments.Zero(origin));
        foreach (var rows in Chunks(data, origin))
        {
            all.Add(rows);
            bool[] isOther = [.. Enumerable.Range(0, (int)rows.shape[0]).Select(row => row % Fold != Fold - 1)];
            others.Add(rows[torch.tensor(isOther, device: rows.device)]);
        }

        return Shrunk(all, others, Relative(data.slice(0, Fold - 1, data.shape[0], Fold), origin), origin);
    }

    /// <summary>log p of rows [N, D] under the normal distribution of a mean [D] and a covariance [D, D]: [N], in nats.</summary>
    public static torch.Tensor LogDensity(torch.Tensor rows, torch.Tensor mean, torch.Tensor covariance)
    {
        ThreadTuner.RequireAll();
        return LogDensityByFactor(rows, mean, torch.linalg.cholesky(covariance));
    }

    // Relative to one of the rows, the differences of a constant dimension are exactly zero, and others lose no digits.
    private static torch.Tensor Origin(torch.Tensor data) => data[0].to(torch.ScalarType.Float64);

    private static torch.Tensor Relative(torch.Tensor data, torch.Tensor origin) =>
        data.to(torch.ScalarType.Float64) - origin;

    private static IEnumerable<torch.Tensor> Chunks(torch.Tensor data, torch.Tensor origin)
    {
        for (long start = 0; start < data.shape[0]; start += Chunk)
        {
            using var scope = torch.NewDisposeScope();
            yield return Relative(data.narrow(0, start, Math.Min(Chunk, data.shape[0] - start)), origin);
        }
    }

    private static (torch.Tensor Mean, torch.Tensor Covariance)? Shrunk(
        Moments all, Moments others, torch.Tensor held, torch.Tensor origin)
    {
        var (mean, covariance) = all.MeanAndCovariance();
        if (covariance.diag().IsAtMost(0).any().item<bool>())
        {
            return null;
        }

        // Without rows that choose there is no covariance but that of each dimension by itself.
        double share = held.shape[0] == 0 ? 1 : Share(others, covariance.diag(), held);
        return (mean.Plus(origin), Shrink(covariance, share));
    }

    private static torch.Tensor Shrink(torch.Tensor covariance, double share) =>
        covariance.Times(1 - share).Plus(covariance.diag().Times(share).diag());

    private static double Share(Moments others, torch.Tensor variances, torch.Tensor held)
    {
        var (mean, covariance) = others.MeanAndCovariance();

        // A dimension may vary in no row but those that choose.
        var missing = covariance.diag().IsAtMost(0);
        covariance = covariance.Plus(torch.where(missing, variances, torch.zeros_like(variances)).diag());
        double best = double.NegativeInfinity;
        double chosen = 1;
        foreach (double share in Shares)
        {
            using var scope = torch.NewDisposeScope();
            var (factor, failed) = torch.linalg.cholesky_ex(Shrink(covariance, share));
            if (failed.item<int>() != 0)
            {
                continue;
            }

            double score = LogDensityByFactor(held, mean, factor).mean().item<double>();
            if (score > best)
            {
                best = score;
                chosen = share;
            }
        }

        return chosen;
    }

    private static torch.Tensor LogDensityByFactor(torch.Tensor rows, torch.Tensor mean, torch.Tensor factor)
    {
        var whitened = torch.linalg.solve_triangular(factor, (rows - mean).t(), upper: false);
        return (whitened.Square().sum([0]).Times(-0.5) - factor.diag().log().sum())
            .Minus(0.5 * rows.shape[1] * LogTwoPi);
    }

    /// <summary>Sums over rows, from which mean and covariance follow.</summary>
    private sealed class Moments
    {
        private readonly torch.Tensor _sum;
        private readonly torch.Tensor _products;
        private long _rows;

        private Moments(torch.Tensor sum, torch.Tensor products)
        {
            _sum = sum;
            _products = products;
        }

        public static Moments Zero(torch.Tensor like) => new(
            torch.zeros_like(like), torch.zeros([like.shape[0], like.shape[0]], like.dtype, like.device));

        public void Add(torch.Tensor rows)
        {
            _rows += rows.shape[0];
            _sum.PlusInPlace(rows.sum([0]));
            _products.addmm_(rows.t(), rows, 1, 1);
        }

        public (torch.Tensor Mean, torch.Tensor Covariance) MeanAndCovariance()
        {
            var mean = _sum.Over(_rows);
            return (mean, _products.Over(_rows) - mean.outer(mean));
        }
    }
}
