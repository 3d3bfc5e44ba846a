using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>Running sums over the log importance weights of a batch, in float64.</summary>
/// <param name="LogSum">log sum w, [B].</param>
/// <param name="LogSquareSum">log sum w^2, [B].</param>
/// <param name="SumOfLogs">sum log w, [B].</param>
/// <param name="Largest">The largest log w so far, [at most <paramref name="Kept"/>, B], in no order.</param>
/// <param name="Kept">How many of the largest are kept.</param>
/// <param name="Count">Samples so far.</param>
internal sealed record WeightMoments(
    torch.Tensor LogSum,
    torch.Tensor LogSquareSum,
    torch.Tensor SumOfLogs,
    torch.Tensor Largest,
    int Kept,
    int Count)
{
    /// <summary>No samples yet of the images x [B, D].</summary>
    public static WeightMoments None(torch.Tensor x, int kept)
    {
        var empty = TensorArithmetic.Full([x.shape[0]], double.NegativeInfinity, torch.ScalarType.Float64, x.device);
        var none = torch.empty([0, x.shape[0]], torch.ScalarType.Float64, x.device);
        return new WeightMoments(empty, empty.alias(), torch.zeros_like(empty), none, kept, 0);
    }

    /// <summary>With the samples [K, B] of one more block.</summary>
    public WeightMoments Add(torch.Tensor logWeights)
    {
        var weights = logWeights.to(torch.ScalarType.Float64);
        var all = torch.cat([Largest, weights]);
        return new WeightMoments(
            torch.logaddexp(LogSum, weights.logsumexp(0)),
            torch.logaddexp(LogSquareSum, weights.Times(2).logsumexp(0)),
            SumOfLogs.Plus(weights.sum([0])),
            all.topk((int)Math.Min(Kept, all.shape[0]), 0, sorted: false).values,
            Kept,
            Count + (int)weights.shape[0]);
    }

    /// <summary>Keeps the sums beyond the current dispose scope.</summary>
    public WeightMoments MoveToOuterScope()
    {
        LogSum.MoveToOuterDisposeScope();
        LogSquareSum.MoveToOuterDisposeScope();
        SumOfLogs.MoveToOuterDisposeScope();
        Largest.MoveToOuterDisposeScope();
        return this;
    }
}
