using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// y = exp(-s) U^T (x - m): what brings values of mean m and covariance U diag(exp(2 s)) U^T, with U orthogonal, to mean 0 and
/// the identity. log|det| = -sum s.
/// </summary>
/// <param name="mean">m, [N].</param>
/// <param name="axes">U, [N, N]: an axis a column.</param>
/// <param name="logDeviations">s, the logarithm of the standard deviation along each axis, [N].</param>
internal sealed class WhiteningBijector(torch.Tensor mean, torch.Tensor axes, torch.Tensor logDeviations) : Bijector
{
    public override int EventRank => 1;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var y = TensorMath.Product(x - mean, axes) * (-logDeviations).exp();
        return (y, (-logDeviations.sum()).expand(y.shape[..^1]));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        var x = TensorMath.Product(y * logDeviations.exp(), axes.t()).Plus(mean);
        return (x, logDeviations.sum().expand(x.shape[..^1]));
    }
}

/// <summary>Elementwise y = (x - mean) exp(-logScale): what standardizes values of that mean and standard deviation.</summary>
/// <param name="mean">Mean, any shape that broadcasts.</param>
/// <param name="logScale">Logarithm of the standard deviation, any shape that broadcasts.</param>
internal sealed class StandardizingBijector(torch.Tensor mean, torch.Tensor logScale) : Bijector
{
    public override int EventRank => 0;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var y = (x - mean) * (-logScale).exp();
        return (y, (-logScale).expand_as(y));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        var x = mean.Plus(logScale.exp() * y);
        return (x, logScale.expand_as(x));
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
