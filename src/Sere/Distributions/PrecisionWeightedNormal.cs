using Sere.Numerics;

namespace Sere.Distributions;

/// <summary>
/// The precision-weighted merge of a ladder (Sonderby et al. 2016, eqs. 17 to 19): the normalized product of two normal
/// densities, of which the surer one counts more.
/// </summary>
public static class PrecisionWeightedNormal
{
    /// <summary>
    /// s^-2 = s_1^-2 + s_2^-2 and m = (m_1 s_1^-2 + m_2 s_2^-2) s^2, dimension by dimension, without forming a precision.
    /// </summary>
    /// <param name="first">N(m_1, s_1), [..., N].</param>
    /// <param name="second">N(m_2, s_2), [..., N]; the two broadcast.</param>
    public static DiagonalNormal Merge(DiagonalNormal first, DiagonalNormal second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);

        // The weight of the first is s_2^2 / (s_1^2 + s_2^2), and s^2 is that weight times s_1^2.
        var logOdds = (second.LogScale - first.LogScale).Times(2);
        var mean = second.Mean.Plus(logOdds.sigmoid() * (first.Mean - second.Mean));
        return new DiagonalNormal(mean, first.LogScale.Plus(logOdds.log_sigmoid().Times(0.5)));
    }
}
