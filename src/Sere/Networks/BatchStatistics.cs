using Sere.Numerics;
using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// Mean and variance of each dimension of some values: those of a batch in training, of which running averages are kept, or
/// those that were fitted to all data. They go into checkpoints and averaged weights (<see cref="RunningStatistics"/>).
/// </summary>
public sealed class BatchStatistics : torch.nn.Module, IRunningStatistics
{
    private const double Momentum = 0.1;
    private const double Epsilon = 1e-5;

    // Mean and variance, in a list: fields would be registered once more under names of their own.
    private readonly torch.Tensor[] _statistics;

    /// <summary>Mean 0 and variance 1.</summary>
    public BatchStatistics(int dimensions, ParameterInitializer initializer)
        : base(nameof(BatchStatistics))
    {
        ArgumentNullException.ThrowIfNull(initializer);
        _statistics =
        [
            torch.zeros(dimensions, initializer.Type, initializer.Device),
            torch.ones(dimensions, initializer.Type, initializer.Device),
        ];
        RunningStatistics.Register(this);
    }

    /// <inheritdoc/>
    IReadOnlyList<(string Name, torch.Tensor Value)> IRunningStatistics.Statistics =>
        [("running_mean", _statistics[0]), ("running_variance", _statistics[1])];

    /// <summary>Mean and log standard deviation that are kept, each [N].</summary>
    public (torch.Tensor Mean, torch.Tensor LogDeviation) Kept() => (_statistics[0], LogDeviation(_statistics[1]));

    /// <summary>
    /// Mean and log standard deviation of the rows of a batch [..., N], each [N], with their gradients. What is not finite is
    /// not kept, as a step of training that is not finite is skipped; a single row has no variance of its own.
    /// </summary>
    public (torch.Tensor Mean, torch.Tensor LogDeviation) Take(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        var rows = x.reshape(-1, x.shape[^1]);
        if (rows.shape[0] < 2)
        {
            return Kept();
        }

        var mean = rows.mean([0]);
        var variance = (rows - mean).Square().mean([0]);
        Keep(mean, variance, Momentum);
        return (mean, LogDeviation(variance));
    }

    /// <summary>Keeps the mean and variance of all rows of x [..., N], as they are.</summary>
    public void Fit(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var rows = x.reshape(-1, x.shape[^1]);
        var mean = rows.mean([0]);
        Keep(mean, (rows - mean).Square().mean([0]), 1);
    }

    private void Keep(torch.Tensor mean, torch.Tensor variance, double momentum)
    {
        using var noGrad = torch.no_grad();
        foreach (var (kept, value) in _statistics.Zip([mean, variance]))
        {
            var moved = momentum == 1 ? value : kept.Plus((value - kept).Times(momentum));
            kept.copy_(torch.where(moved.isfinite(), moved, kept));
        }
    }

    private static torch.Tensor LogDeviation(torch.Tensor variance) => variance.Plus(Epsilon).log().Times(0.5);
}
