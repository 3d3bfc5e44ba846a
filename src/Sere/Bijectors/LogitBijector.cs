using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// Elementwise y = logit(alpha + (1 - 2 alpha) x) of x in [0, 1] (Papamakarios et al. 2017): with s the logistic function,
/// log|dy/dx| = log(1 - 2 alpha) - log(s(y) (1 - s(y))). The inverse takes every real number to one in
/// (-alpha, 1 - alpha) / (1 - 2 alpha), a little more than [0, 1].
/// </summary>
public sealed class LogitBijector : Bijector
{
    // Values beyond the domain are taken to its edge, where the map and its gradient are finite.
    private const double Edge = 1e-7;
    private readonly double _alpha;

    /// <summary>A map with alpha in (0, 0.5), which keeps it finite at 0 and at 1.</summary>
    public LogitBijector(double alpha)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(alpha);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(alpha, 0.5);
        _alpha = alpha;
    }

    /// <inheritdoc/>
    public override int EventRank => 0;

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var p = x.Times(1 - (2 * _alpha)).Plus(_alpha).Clamp(Edge, 1 - Edge);
        var log = p.log();
        var logComplement = (-p).log1p();
        return (log - logComplement, (-log.Plus(logComplement)).Plus(Math.Log(1 - (2 * _alpha))));
    }

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        ArgumentNullException.ThrowIfNull(y);

        // log s(y) + log s(-y)
        var logSlope = -y.Softplus().Plus((-y).Softplus());
        return (y.sigmoid().Minus(_alpha).Over(1 - (2 * _alpha)), logSlope.Minus(Math.Log(1 - (2 * _alpha))));
    }
}
