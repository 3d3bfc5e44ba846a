using Sere.Numerics;
using static TorchSharp.torch;

namespace Sere.Peers.Novelty;

/// <summary>What is written in fifteen lines to find images unlike those of training: a score for each, high for novel.</summary>
internal static class Detectors
{
    private const int Components = 20;
    private const double Regularization = 0.01;
    private const double Shrinkage = 0.1;
    private const double CoresetShare = 0.01;

    /// <summary>Squared residuals of a principal component analysis of the pixels: their mean, and the largest mean of 3 x 3.</summary>
    public static (Tensor Mean, Tensor LargestOfNine) PrincipalComponents(Tensor train, Tensor scored)
    {
        var data = train.flatten(1);
        var mean = data.mean([0L]);
        var (values, vectors) = linalg.eigh((data - mean).matmul((data - mean).t()));
        var largest = vectors.narrow(1, vectors.shape[1] - Components, Components)
            / values.narrow(0, values.shape[0] - Components, Components).sqrt();
        var axes = (data - mean).t().matmul(largest);
        var centred = scored.flatten(1) - mean;
        var squares = (centred - centred.matmul(axes).matmul(axes.t())).Square().view(scored.shape)
            .mean([1L], keepdim: true);
        return (squares.mean([1L, 2L, 3L]), nn.functional.avg_pool2d(squares, 3, stride: 1).amax([1L, 2L, 3L]));
    }

    /// <summary>
    /// PaDiM (Defard et al. 2021): the largest Mahalanobis distance over places, by a Gaussian at each place, all channels.
    /// </summary>
    public static Tensor PatchDistribution(Tensor train, Tensor scored)
    {
        var distances = new List<Tensor>();
        for (int place = 0; place < train.shape[2] * train.shape[3]; place++)
        {
            using var scope = NewDisposeScope();
            var data = train.flatten(2).select(2, place).to(float64);
            var mean = data.mean([0L]);
            var covariance = (data - mean).t().matmul(data - mean).Over(data.shape[0] - 1)
                .Plus(eye(data.shape[1], dtype: float64).Times(Regularization));
            distances.Add(Mahalanobis(scored.flatten(2).select(2, place).to(float64) - mean, covariance).MoveToOuterDisposeScope());
        }

        return stack([.. distances]).amax([0L]);
    }

    /// <summary>
    /// PatchCore (Roth et al. 2022): the largest distance over places to the nearest of a bank of training patches, each a mean
    /// over 3 x 3 places; the bank is greedily chosen so that no patch is far from it.
    /// </summary>
    public static Tensor NearestPatch(Tensor train, Tensor scored)
    {
        var patches = Patches(train).flatten(0, 1);
        var lengths = patches.Square().sum([1L]);
        var distances = TensorArithmetic.Full([patches.shape[0]], float.PositiveInfinity);
        var bank = new List<long>();
        long next = 0;
        for (int i = 0; i < CoresetShare * patches.shape[0]; i++)
        {
            using var scope = NewDisposeScope();
            bank.Add(next);
            distances.copy_(minimum(distances, lengths.Plus(lengths[next]) - patches.mv(patches[next]).Times(2)));
            next = distances.argmax().item<long>();
        }

        var chosen = patches[tensor(bank.ToArray())];
        var queries = Patches(scored);
        return stack([.. Enumerable.Range(0, (int)queries.shape[0])
            .Select(image => cdist(queries[image], chosen).amin([1L]).max())]);
    }

    /// <summary>The Mahalanobis distance by one Gaussian of the pooled features, shrunk toward the mean variance.</summary>
    public static Tensor PooledGaussian(Tensor train, Tensor scored)
    {
        var data = train.to(float64);
        var mean = data.mean([0L]);
        var covariance = (data - mean).t().matmul(data - mean).Over(data.shape[0] - 1);
        var variance = covariance.diag().mean();
        return Mahalanobis(
            scored.to(float64) - mean,
            covariance.Times(1 - Shrinkage).Plus(variance.Times(Shrinkage) * eye(data.shape[1], dtype: float64)));
    }

    // [N, places, channels].
    private static Tensor Patches(Tensor features) =>
        nn.functional.avg_pool2d(features, 3, stride: 1, padding: 1).flatten(2).transpose(1, 2).contiguous();

    private static Tensor Mahalanobis(Tensor rows, Tensor covariance) =>
        linalg.solve_triangular(linalg.cholesky(covariance), rows.t(), upper: false).Square().sum([0L]).sqrt();
}
