using TorchSharp;

namespace Sere.Evaluation;

/// <summary>Running sums over the log importance weights of a batch, in float64.</summary>
/// <param name="LogSum">log sum w, [B].</param>
/// <param name="LogSquareSum">log sum w^2, [B].</param>
/// <param name="SumOfLogs">sum log w, [B].</param>
/// <param name="Count">Samples so far.</param>
internal sealed record WeightMoments(
    torch.Tensor LogSum,
    torch.Tensor LogSquareSum,
    torch.Tensor SumOfLogs,
    int Count)
{
    /// <summary>No samples yet of the images x [B, D].</summary>
    public static WeightMoments None(torch.Tensor x)
    {
        var empty = torch.full(x.shape[0], double.NegativeInfinity, torch.ScalarType.Float64, x.device);
        return new WeightMoments(empty, empty.alias(), torch.zeros_like(empty), 0);
    }

    /// <summary>With the samples [K, B] of one more block.</summary>
    public WeightMoments Add(torch.Tensor logWeights)
    {
        var weights = logWeights.to(torch.ScalarType.Float64);
        return new WeightMoments(
            torch.logaddexp(LogSum, weights.logsumexp(0)),
            torch.logaddexp(LogSquareSum, (weights * 2).logsumexp(0)),
            SumOfLogs + weights.sum([0]),
            Count + (int)weights.shape[0]);
    }

    /// <summary>Keeps the sums beyond the current dispose scope.</summary>
    public WeightMoments MoveToOuterScope()
    {
        LogSum.MoveToOuterDisposeScope();
        LogSquareSum.MoveToOuterDisposeScope();
        SumOfLogs.MoveToOuterDisposeScope();
        return this;
    }
}
