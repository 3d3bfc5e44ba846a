using Sere.Networks;
using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Bijectors;

/// <summary>
/// Batch normalization as a bijector (Dinh et al. 2017): y = (x - m) / sqrt(v + 1e-5) exp(g) + b, with the mean and variance
/// of the batch in training, which are then taken as constants of the map, and else with those that were kept. The inverse
/// is that of the kept ones.
/// </summary>
/// <param name="statistics">Mean and variance that are kept, and take in those of each batch in training.</param>
/// <param name="logScale">g, [N].</param>
/// <param name="shift">b, [N].</param>
/// <param name="training">Whether the batch is normalized by its own statistics.</param>
internal sealed class BatchNormalizationBijector(
    BatchStatistics statistics, torch.Tensor logScale, torch.Tensor shift, bool training)
    : Bijector
{
    public override int EventRank => 1;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var (mean, logDeviation) = training ? statistics.Take(x) : statistics.Kept();
        var total = logScale - logDeviation;
        var y = ((x - mean) * total.exp()).Plus(shift);
        return (y, total.sum(-1).expand(y.shape[..^1]));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        var (mean, logDeviation) = statistics.Kept();
        var total = logScale - logDeviation;
        var x = ((y - shift) * (-total).exp()).Plus(mean);
        return (x, (-total.sum(-1)).expand(x.shape[..^1]));
    }
}

/// <summary>
/// Batch normalization between the steps of a flow (Papamakarios et al. 2017), the same for every context. Its statistics
/// belong to the weights; <see cref="Statistics"/> refits them before a model is evaluated.
/// </summary>
internal sealed class BatchNormalizationLayer : AmortizedBijector
{
    private const double LogScaleBound = 5;
    private readonly Parameter _logScale;
    private readonly Parameter _shift;

    /// <summary>A layer over N dimensions with scale 1 and shift 0.</summary>
    public BatchNormalizationLayer(int dimensions, ParameterInitializer initializer)
        : base(nameof(BatchNormalizationLayer))
    {
        _logScale = initializer.Constant(0, dimensions);
        _shift = initializer.Constant(0, dimensions);
        Statistics = new BatchStatistics(dimensions, initializer);
        register_parameter("log_scale", _logScale);
        register_parameter("shift", _shift);
        register_module("statistics", Statistics);
    }

    /// <summary>Mean and variance of the values that come in.</summary>
    public BatchStatistics Statistics { get; }

    public override Bijector Bind(torch.Tensor? context) => new BatchNormalizationBijector(
        Statistics, SmoothBounds.Symmetric(_logScale, LogScaleBound), _shift, training);
}
