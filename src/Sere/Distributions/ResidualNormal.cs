using Sere.Numerics;
using TorchSharp;

namespace Sere.Distributions;

/// <summary>
/// The residual Gaussian of section 3.4.2: a distribution N(mu(z), s(z)) refined by evidence residuals dm(x) and ds(x),
/// 0 &lt; ds &lt;= 1. With dm = 0 and ds = 1 it changes nothing.
/// </summary>
internal sealed class ResidualNormal : DiagonalNormal
{
    private readonly DiagonalNormal _base;
    private readonly torch.Tensor _meanResidual;
    private readonly torch.Tensor _logScaleResidual;

    /// <summary>Eq. 9: N(mu ds + dm, s ds).</summary>
    private ResidualNormal(DiagonalNormal baseDistribution, torch.Tensor meanResidual, torch.Tensor logScaleResidual)
        : base(
            TensorMath.MultiplyAdd(meanResidual, baseDistribution.Mean, logScaleResidual.exp()),
            baseDistribution.LogScale.Plus(logScaleResidual)) =>
        (_base, _meanResidual, _logScaleResidual) = (baseDistribution, meanResidual, logScaleResidual);

    /// <summary>From its own base by eq. 10, which loses no digits where the two are close.</summary>
    public override torch.Tensor KullbackLeiblerPerDimension(DiagonalNormal other) => ReferenceEquals(other, _base)
        ? KullbackLeiblerPerDimension(_base, _meanResidual, _logScaleResidual)
        : base.KullbackLeiblerPerDimension(other);

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
        return residual switch
        {
            PosteriorResidual.Free => new DiagonalNormal(meanResidual, logScaleResidual),
            PosteriorResidual.Scaled => new ResidualNormal(baseDistribution, meanResidual, logScaleResidual),
            PosteriorResidual.Additive => new DiagonalNormal(
                baseDistribution.Mean.Plus(meanResidual), baseDistribution.LogScale.Plus(logScaleResidual)),
        };
    }

    /// <summary>
    /// Eq. 10: KL of the refined distribution of eq. 9 from its base, of each dimension in nats, [..., N]:
    /// (dm - (1 - ds) mu)^2 / (2 s^2) + ds^2/2 - log ds - 1/2.
    /// </summary>
    public static torch.Tensor KullbackLeiblerPerDimension(
        DiagonalNormal baseDistribution, torch.Tensor meanResidual, torch.Tensor logScaleResidual)
    {
        var shrinkage = logScaleResidual.expm1();
        var shift = TensorMath.MultiplyAdd(meanResidual, shrinkage, baseDistribution.Mean)
            * (-baseDistribution.LogScale).exp();
        return shift.Square().Plus(logScaleResidual.Times(2).expm1()).Times(0.5) - logScaleResidual;
    }
}

/// <summary>How the evidence refines the distribution given the codes above (section 3.4.2).</summary>
public enum PosteriorResidual
{
    /// <summary>N(mu ds + dm, s ds): eq. 9 as printed.</summary>
    Scaled,

    /// <summary>N(mu + dm, s ds): the evidence moves the mean without scaling it.</summary>
    Additive,

    /// <summary>N(dm, ds): of the evidence alone, with ds not bounded by 1.</summary>
    Free,
}

/// <summary>
/// The precision-weighted merge of a ladder (Sonderby et al. 2016, eqs. 17 to 19): the normalized product of two normal
/// densities, of which the surer one counts more.
/// </summary>
internal static class PrecisionWeightedNormal
{
    /// <summary>
    /// s^-2 = s_1^-2 + s_2^-2 and m = (m_1 s_1^-2 + m_2 s_2^-2) s^2, dimension by dimension, without forming a precision.
    /// </summary>
    /// <param name="first">N(m_1, s_1), [..., N].</param>
    /// <param name="second">N(m_2, s_2), [..., N]; the two broadcast.</param>
    public static DiagonalNormal Merge(DiagonalNormal first, DiagonalNormal second)
    {
        // The weight of the first is s_2^2 / (s_1^2 + s_2^2), and s^2 is that weight times s_1^2.
        var logOdds = (second.LogScale - first.LogScale).Times(2);
        var mean = second.Mean.Plus(logOdds.sigmoid() * (first.Mean - second.Mean));
        return new DiagonalNormal(mean, first.LogScale.Plus(logOdds.log_sigmoid().Times(0.5)));
    }
}
