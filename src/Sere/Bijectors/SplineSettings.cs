using System.Runtime.InteropServices;

namespace Sere.Bijectors;

/// <summary>The form of rational-quadratic splines (Durkan et al. 2019).</summary>
/// <param name="Bins">Bins of a spline, K; at least 1.</param>
/// <param name="TailBound">B: the spline maps [-B, B] to itself, and what lies outside is not changed.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SplineSettings(int Bins, double TailBound)
{
    /// <summary>Smallest width and height of a bin, as a share of 2B; K of them must leave something.</summary>
    public double MinimumShare => Math.Min(1e-3, 0.5 / Bins);

    /// <summary>Smallest slope at an inner knot.</summary>
    public const double MinimumSlope = 1e-3;

    /// <summary>Unconstrained parameters of a spline: K widths, K heights and K - 1 slopes of inner knots.</summary>
    public int ParametersPerDimension => (3 * Bins) - 1;
}
