using Sere.Numerics;
using TorchSharp;

namespace Sere.Distributions;

/// <summary>
/// The residual Gaussian of section 3.4.2: a distribution N(mu(z), s(z)) refined by evidence residuals dm(x) and ds(x),
/// 0 &lt; ds &lt;= 1. With dm = 0 and ds = 1 it changes nothing.
/// </summary>
public static class ResidualNormal
{
    /// <summary>Eq. 9 (or its additive variant): the base refined by the residuals.</summary>
    /// <param name="baseDistribution">N(mu(z), s(z)), [..., N].</param>
    /// <param name="meanResidual">dm(x), [..., N].</param>
    /// <param name="logScaleResidual">log ds(x), [..., N], at most 0 unless the form is free.</param>
    /// <param name="residual">Which form.</param>
    public static DiagonalNormal Refine(
        DiagonalNormal baseDistribution,
        torch.Tensor meanResidual,
        torch.Tensor logScaleResidual,
        PosteriorResidual residual)
    {
        ArgumentNullException.ThrowIfNull(baseDistribution);
        ArgumentNullException.ThrowIfNull(logScaleResidual);
        return residual switch
        {
            PosteriorResidual.Free => new DiagonalNormal(meanResidual, logScaleResidual),
            PosteriorResidual.Scaled => new DiagonalNormal(
                TensorMath.MultiplyAdd(meanResidual, baseDistribution.Mean, logScaleResidual.exp()),
                baseDistribution.LogScale.Plus(logScaleResidual)),
            PosteriorResidual.Additive => new DiagonalNormal(
                baseDistribution.Mean.Plus(meanResidual), baseDistribution.LogScale.Plus(logScaleResidual)),
        };
    }

    /// <summary>
    /// Eq. 10: KL of the refined distribution of eq. 9 from its base, of each dimension in nats, [..., N]:
    /// (dm - (1 - ds) mu)^2 / (2 s^2) + ds^2/2 - log ds - 1/2.
    /// </summary>
    public static torch.Tensor KullbackLeiblerPerDimension(
        DiagonalNormal baseDistribution,
        torch.Tensor meanResidual,
        torch.Tensor logScaleResidual)
    {
        ArgumentNullException.ThrowIfNull(baseDistribution);
        ArgumentNullException.ThrowIfNull(logScaleResidual);
        var shrinkage = logScaleResidual.expm1();
        var shift = TensorMath.MultiplyAdd(meanResidual, shrinkage, baseDistribution.Mean)
            * (-baseDistribution.LogScale).exp();
        return shift.Square().Plus(logScaleResidual.Times(2).expm1()).Times(0.5) - logScaleResidual;
    }
}
