using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// y = exp(-s) U^T (x - m): what brings values of mean m and covariance U diag(exp(2 s)) U^T, with U orthogonal, to mean 0 and
/// the identity. log|det| = -sum s.
/// </summary>
public sealed class WhiteningBijector : Bijector
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

    /// <inheritdoc/>
    public override int EventRank => 1;

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var y = (x - _mean).matmul(_axes) * (-_logDeviations).exp();
        return (y, (-_logDeviations.sum()).expand(y.shape[..^1]));
    }

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        var x = (y * _logDeviations.exp()).matmul(_axes.t()).Plus(_mean);
        return (x, _logDeviations.sum().expand(x.shape[..^1]));
    }
}
