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
    private static readonly double[] Shares = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
    private static readonly double LogTwoPi = Math.Log(2 * Math.PI);

    /// <summary>Mean [D] and covariance [D, D] of data, which other data choose the share of.</summary>
    /// <param name="data">[N, D].</param>
    /// <param name="held">[M, D].</param>
    /// <returns>Null where no share has a density, since a dimension of the data is constant.</returns>
    public static (torch.Tensor Mean, torch.Tensor Covariance)? Fit(torch.Tensor data, torch.Tensor held)
    {
        var origin = data[0];
        var rows = data - origin;
        var (mean, covariance) = Moments(data.shape[0], rows.sum([0]), rows.t().mm(rows));
        return Share(mean, covariance, held - origin) is { } share ? (mean + origin, Shrink(covariance, share)) : null;
    }

    /// <summary>
    /// Mean [D] and covariance [D, D] of data [N, D]: every fifth row chooses the share with which the covariance of the others
    /// is shrunk, and with it that of all rows is.
    /// </summary>
    /// <returns>Null where no share has a density: a dimension is constant, or there are fewer than five rows.</returns>
    public static (torch.Tensor Mean, torch.Tensor Covariance)? Fit(torch.Tensor data)
    {
        long count = data.shape[0];
        if (count < Fold)
        {
            return null;
        }

        // By sums, so that no copy of the other rows is needed.
        var origin = data[0];
        var rows = data - origin;
        var held = rows.slice(0, Fold - 1, count, Fold);
        var (sum, products) = (rows.sum([0]), rows.t().mm(rows));
        var (otherMean, otherCovariance) = Moments(
            count - held.shape[0], sum - held.sum([0]), products - held.t().mm(held));
        if (Share(otherMean, otherCovariance, held) is not { } share)
        {
            return null;
        }

        var (mean, covariance) = Moments(count, sum, products);
        return (mean + origin, Shrink(covariance, share));
    }

    /// <summary>log p of rows [N, D] under the normal distribution of a mean [D] and a covariance [D, D]: [N], in nats.</summary>
    public static torch.Tensor LogDensity(torch.Tensor rows, torch.Tensor mean, torch.Tensor covariance) =>
        LogDensityByFactor(rows, mean, torch.linalg.cholesky(covariance));

    private static torch.Tensor LogDensityByFactor(torch.Tensor rows, torch.Tensor mean, torch.Tensor factor)
    {
        var whitened = torch.linalg.solve_triangular(factor, (rows - mean).t(), upper: false);
        return (whitened.square().sum([0]) * -0.5) - factor.diag().log().sum() - (0.5 * rows.shape[1] * LogTwoPi);
    }

    // Of rows relative to one of them: the differences of a constant dimension are exactly zero, and others lose no digits.
    private static (torch.Tensor Mean, torch.Tensor Covariance) Moments(long rows, torch.Tensor sum, torch.Tensor products)
    {
        var mean = sum / rows;
        return (mean, (products / rows) - mean.outer(mean));
    }

    private static torch.Tensor Shrink(torch.Tensor covariance, double share) =>
        (covariance * (1 - share)) + (covariance.diag() * share).diag();

    private static double? Share(torch.Tensor mean, torch.Tensor covariance, torch.Tensor held)
    {
        double best = double.NegativeInfinity;
        double? chosen = null;
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
}
