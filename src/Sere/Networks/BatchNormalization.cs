using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Networks;

/// <summary>
/// Batch normalization (Ioffe and Szegedy 2015): in training by the mean and variance of the rows of a batch, of which it
/// keeps running averages; in evaluation by those averages, so that no image depends on the others. The averages go
/// into checkpoints and averaged weights (<see cref="RunningStatistics"/>). Statistics that are not finite are not taken in, as a step
/// of training that is not finite is skipped.
/// </summary>
internal sealed class BatchNormalization : torch.nn.Module, IRunningStatistics
{
    private const double Momentum = 0.1;
    private const double Epsilon = 1e-5;
    private readonly Parameter _scale;
    private readonly Parameter _shift;

    // Mean and variance, in a list: fields would be registered once more under names of their own.
    private readonly torch.Tensor[] _statistics;

    /// <summary>A layer over some features, with the given scale and shift 0.</summary>
    public BatchNormalization(int features, ParameterInitializer initializer, double scale = 1)
        : base(nameof(BatchNormalization))
    {
        _scale = initializer.Constant(scale, features);
        _shift = initializer.Constant(0, features);
        _statistics =
        [
            torch.zeros(features, initializer.Type, initializer.Device),
            torch.ones(features, initializer.Type, initializer.Device),
        ];
        register_parameter("scale", _scale);
        register_parameter("shift", _shift);
        RunningStatistics.Register(this);
    }

    /// <summary>Running mean of each feature, [F].</summary>
    internal torch.Tensor RunningMean => _statistics[0];

    /// <summary>Running variance of each feature, [F].</summary>
    internal torch.Tensor RunningVariance => _statistics[1];

    IReadOnlyList<(string Name, torch.Tensor Value)> IRunningStatistics.Statistics =>
        [("running_mean", RunningMean), ("running_variance", RunningVariance)];

    /// <summary>Normalizes some features alone over the rows, and over the places of a grid: [R, count, ...].</summary>
    /// <param name="x">The values.</param>
    /// <param name="first">The first of the features.</param>
    /// <param name="count">How many they are.</param>
    internal torch.Tensor Forward(torch.Tensor x, int first, int count) => count == RunningMean.shape[0]
        ? Forward(x)
        : torch.nn.functional.batch_norm(
            x,
            RunningMean.narrow(0, first, count),
            RunningVariance.narrow(0, first, count),
            _scale.narrow(0, first, count),
            _shift.narrow(0, first, count),
            false,
            Momentum,
            Epsilon);

    /// <summary>Normalizes each feature over the rows: [R, F] to [R, F], or over the places of a grid too: [R, F, H, W].</summary>
    public torch.Tensor Forward(torch.Tensor x)
    {
        // A single row has no variance of its own.
        if (!training || x.shape[0] < 2)
        {
            return torch.nn.functional.batch_norm(
                x, RunningMean, RunningVariance, _scale, _shift, false, Momentum, Epsilon);
        }

        var (mean, variance) = (RunningMean.clone(), RunningVariance.clone());
        var y = torch.nn.functional.batch_norm(x, mean, variance, _scale, _shift, true, Momentum, Epsilon);
        using (torch.no_grad())
        {
            RunningMean.copy_(torch.where(mean.isfinite(), mean, RunningMean));
            RunningVariance.copy_(torch.where(variance.isfinite(), variance, RunningVariance));
        }

        return y;
    }
}

/// <summary>
/// Mean and variance of each dimension of some values: those of a batch in training, of which running averages are kept, or
/// those that were fitted to all data. They go into checkpoints and averaged weights (<see cref="RunningStatistics"/>).
/// </summary>
internal sealed class BatchStatistics : torch.nn.Module, IRunningStatistics
{
    private const double Momentum = 0.1;
    private const double Epsilon = 1e-5;

    // Mean and variance, in a list: fields would be registered once more under names of their own.
    private readonly torch.Tensor[] _statistics;

    /// <summary>Mean 0 and variance 1.</summary>
    public BatchStatistics(int dimensions, ParameterInitializer initializer)
        : base(nameof(BatchStatistics))
    {
        _statistics =
        [
            torch.zeros(dimensions, initializer.Type, initializer.Device),
            torch.ones(dimensions, initializer.Type, initializer.Device),
        ];
        RunningStatistics.Register(this);
    }

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
