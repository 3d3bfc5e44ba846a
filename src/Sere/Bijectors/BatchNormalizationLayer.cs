using Sere.Networks;
using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Bijectors;

/// <summary>
/// Batch normalization between the steps of a flow (Papamakarios et al. 2017), the same for every context. Its statistics
/// belong to the weights; <see cref="Statistics"/> refits them before a model is evaluated.
/// </summary>
public sealed class BatchNormalizationLayer : AmortizedBijector
{
    private const double LogScaleBound = 5;
    private readonly Parameter _logScale;
    private readonly Parameter _shift;

    /// <summary>A layer over N dimensions with scale 1 and shift 0.</summary>
    public BatchNormalizationLayer(int dimensions, ParameterInitializer initializer)
        : base(nameof(BatchNormalizationLayer))
    {
        ArgumentNullException.ThrowIfNull(initializer);
        _logScale = initializer.Constant(0, dimensions);
        _shift = initializer.Constant(0, dimensions);
        Statistics = new BatchStatistics(dimensions, initializer);
        register_parameter("log_scale", _logScale);
        register_parameter("shift", _shift);
        register_module("statistics", Statistics);
    }

    /// <summary>Mean and variance of the values that come in.</summary>
    public BatchStatistics Statistics { get; }

    /// <inheritdoc/>
    public override Bijector Bind(torch.Tensor? context) => new BatchNormalizationBijector(
        Statistics, SmoothBounds.Symmetric(_logScale, LogScaleBound), _shift, training);
}
