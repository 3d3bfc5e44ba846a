using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// y = exp(-s) U^T (x - m): what brings values of mean m and covariance U diag(exp(2 s)) U^T, with U orthogonal, to mean 0 and
/// the identity. log|det| = -sum s.
/// </summary>
internal sealed class WhiteningBijector : Bijector
{
    private readonly torch.Tensor _mean;
    private readonly torch.Tensor _axes;
    private readonly torch.Tensor _logDeviations;

    /// <summary>A map of vectors.</summary>
    /// <param name="mean">m, [N].</param>
    /// <param name="axes">U, [N, N]: an axis a column.</param>
    /// <param name="logDeviations">s, the logarithm of the standard deviation along each axis, [N].</param>
    public WhiteningBijector(torch.Tensor mean, torch.Tensor axes, torch.Tensor logDeviations)
    {
        _mean = mean;
        _axes = axes;
        _logDeviations = logDeviations;
    }

    public override int EventRank => 1;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var y = TensorMath.Product(x - _mean, _axes) * (-_logDeviations).exp();
        return (y, (-_logDeviations.sum()).expand(y.shape[..^1]));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        var x = TensorMath.Product(y * _logDeviations.exp(), _axes.t()).Plus(_mean);
        return (x, _logDeviations.sum().expand(x.shape[..^1]));
    }
}

/// <summary>Elementwise y = (x - mean) exp(-logScale): what standardizes values of that mean and standard deviation.</summary>
internal sealed class StandardizingBijector : Bijector
{
    private readonly torch.Tensor _mean;
    private readonly torch.Tensor _logScale;

    /// <summary>A map with the given tensors, which broadcast against the values.</summary>
    /// <param name="mean">Mean, any shape that broadcasts.</param>
    /// <param name="logScale">Logarithm of the standard deviation, any shape that broadcasts.</param>
    public StandardizingBijector(torch.Tensor mean, torch.Tensor logScale)
    {
        _mean = mean;
        _logScale = logScale;
    }

    public override int EventRank => 0;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var y = (x - _mean) * (-_logScale).exp();
        return (y, (-_logScale).expand_as(y));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        var x = _mean.Plus(_logScale.exp() * y);
        return (x, _logScale.expand_as(x));
    }
}

/// <summary>
/// Elementwise y = logit(alpha + (1 - 2 alpha) x) of x in [0, 1] (Papamakarios et al. 2017): with s the logistic function,
/// log|dy/dx| = log(1 - 2 alpha) - log(s(y) (1 - s(y))). The inverse takes every real number to one in
/// (-alpha, 1 - alpha) / (1 - 2 alpha), a little more than [0, 1].
/// </summary>
internal sealed class LogitBijector : Bijector
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

    public override int EventRank => 0;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var p = x.Times(1 - (2 * _alpha)).Plus(_alpha).Clamp(Edge, 1 - Edge);
        var log = p.log();
        var logComplement = (-p).log1p();
        return (log - logComplement, (-log.Plus(logComplement)).Plus(Math.Log(1 - (2 * _alpha))));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        // log s(y) + log s(-y)
        var logSlope = -y.Softplus().Plus((-y).Softplus());
        return (y.sigmoid().Minus(_alpha).Over(1 - (2 * _alpha)), logSlope.Minus(Math.Log(1 - (2 * _alpha))));
    }
}
