using Sere.Bijectors;
using Sere.Networks;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// The map from data to the space that a flow models. It belongs to the weights: a standardizing map keeps the statistics of
/// the training data in the checkpoints.
/// </summary>
public sealed class DataSpace : torch.nn.Module
{
    private readonly DataSpaceKind _kind;
    private readonly double _alpha;
    private readonly BatchStatistics? _statistics;

    /// <summary>A map of D dimensions.</summary>
    /// <param name="kind">Which map.</param>
    /// <param name="alpha">The alpha of the logit.</param>
    /// <param name="dimensions">D.</param>
    /// <param name="initializer">Says where tensors are.</param>
    public DataSpace(DataSpaceKind kind, double alpha, int dimensions, ParameterInitializer initializer)
        : base(nameof(DataSpace))
    {
        _kind = kind;
        _alpha = alpha;
        if (kind == DataSpaceKind.Standardize)
        {
            _statistics = new BatchStatistics(dimensions, initializer);
            register_module("statistics", _statistics);
        }
    }

    /// <summary>"logit" or "data": what a nat of the log-likelihood is counted in.</summary>
    public string Space => _kind == DataSpaceKind.Logit ? "logit" : "data";

    /// <summary>Fits what depends on the training data, [N, D].</summary>
    public void Fit(torch.Tensor x) => _statistics?.Fit(x);

    /// <summary>Data to the space that the flow models: [..., D].</summary>
    public torch.Tensor Map(torch.Tensor x) => Bind().Transform(x);

    /// <summary>The inverse of <see cref="Map"/>.</summary>
    public torch.Tensor Invert(torch.Tensor y) => Bind().Inverse(y).Value;

    /// <summary>
    /// What log p of <see cref="Map"/> lacks to be the log-likelihood: a scalar, the log-determinant of a standardizing map;
    /// null where the log-likelihood is counted in the mapped space itself.
    /// </summary>
    public torch.Tensor? LogDeterminant() => _statistics is null ? null : -_statistics.Kept().LogDeviation.sum();

    /// <summary>log|det| of the map from data to the space of the log-likelihood, [B]; zeros for "data".</summary>
    /// <param name="x">[B, D].</param>
    public torch.Tensor SpaceLogDeterminant(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return _kind == DataSpaceKind.Logit ? Bind().Forward(x).LogDeterminant.sum(-1) : torch.zeros_like(x.select(-1, 0));
    }

    private Bijector Bind()
    {
        if (_statistics is null)
        {
            return _kind == DataSpaceKind.Logit ? new LogitBijector(_alpha) : new IdentityBijector();
        }

        var (mean, logDeviation) = _statistics.Kept();
        return new StandardizingBijector(mean, logDeviation);
    }
}
