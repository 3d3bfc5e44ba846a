using System.Runtime.InteropServices;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// Elementwise monotone rational-quadratic splines (Durkan et al. 2019, eqs. 4 to 8) on [-B, B] with the identity outside: in
/// a bin of width w and slope s = h / w between knots of slopes d and d', and with t = (x - x_k) / w,
/// y = y_k + h (s t^2 + d t (1 - t)) / (s + (d + d' - 2 s) t (1 - t)). Both tails meet the spline with slope 1. Values are
/// clamped before the spline is computed, so that what is not taken of it has no gradient that is not finite.
/// </summary>
internal sealed class RationalQuadraticSplineBijector : Bijector
{
    // Far below the discriminant of any bin that the minimum slope allows, far above where its root has no gradient.
    private const double SmallestDiscriminant = 1e-30;

    // softplus of it, with the minimum, is 1: zeros give the identity.
    private static readonly double SlopeOffset = Math.Log(Math.Exp(1 - SplineSettings.MinimumSlope) - 1);
    private readonly SplineSettings _settings;
    private readonly torch.Tensor _innerX;
    private readonly torch.Tensor _innerY;

    // Of each bin: left, width, bottom, height, slope at the left, slope at the right, [..., K, 6].
    private readonly torch.Tensor _bins;

    /// <summary>Splines from unconstrained parameters; zeros give the identity.</summary>
    /// <param name="parameters">
    /// K widths, K heights and K - 1 slopes of each element, [..., 3K - 1]; without its last dimension the shape broadcasts
    /// against that of the values.
    /// </param>
    /// <param name="settings">Bins and bound.</param>
    public RationalQuadraticSplineBijector(torch.Tensor parameters, SplineSettings settings)
    {
        if (parameters.shape[^1] != settings.ParametersPerDimension)
        {
            throw new ArgumentException(
                $"A spline of {settings.Bins} bins takes {settings.ParametersPerDimension} parameters an element, not "
                + $"{parameters.shape[^1]}.",
                nameof(parameters));
        }

        _settings = settings;
        int bins = settings.Bins;
        var (left, width) = Bins(parameters.narrow(-1, 0, bins));
        var (bottom, height) = Bins(parameters.narrow(-1, bins, bins));
        var inner = parameters.narrow(-1, 2 * bins, bins - 1).Plus(SlopeOffset).Softplus()
            .Plus(SplineSettings.MinimumSlope);
        var end = torch.ones([.. inner.shape[..^1], 1], inner.dtype, inner.device);
        _innerX = left.narrow(-1, 1, bins - 1);
        _innerY = bottom.narrow(-1, 1, bins - 1);
        _bins = torch.stack(
            [left, width, bottom, height, torch.cat([end, inner], -1), torch.cat([inner, end], -1)], -1);
    }

    public override int EventRank => 0;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var clamped = x.Clamp(-_settings.TailBound, _settings.TailBound);
        var bin = BinsOf(clamped, _innerX);
        var t = (clamped - bin.Left) / bin.Width;
        var mixed = t * (-t).Plus(1);
        var slope = bin.Height / bin.Width;
        var denominator = slope.Plus((bin.RightSlope.Plus(bin.LeftSlope) - slope.Times(2)) * mixed);
        var y = bin.Bottom.Plus(bin.Height * (slope * t.Square()).Plus(bin.LeftSlope * mixed) / denominator);
        return Outside(x, y, LogSlope(bin, t, mixed, slope, denominator));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        var clamped = y.Clamp(-_settings.TailBound, _settings.TailBound);
        var bin = BinsOf(clamped, _innerY);
        var slope = bin.Height / bin.Width;
        var rise = clamped - bin.Bottom;
        var curvature = rise * (bin.RightSlope.Plus(bin.LeftSlope) - slope.Times(2));
        var a = (bin.Height * (slope - bin.LeftSlope)).Plus(curvature);
        var b = (bin.Height * bin.LeftSlope) - curvature;
        var c = -(slope * rise);

        // The root that stays accurate when a vanishes.
        var discriminant = (b.Square() - (a * c).Times(4)).ClampBelow(SmallestDiscriminant);
        var t = c.Times(2) / -b.Plus(discriminant.sqrt());
        var mixed = t * (-t).Plus(1);
        var denominator = slope.Plus((bin.RightSlope.Plus(bin.LeftSlope) - slope.Times(2)) * mixed);
        return Outside(y, (t * bin.Width).Plus(bin.Left), -LogSlope(bin, t, mixed, slope, denominator));
    }

    private static torch.Tensor LogSlope(
        SplineBin bin, torch.Tensor t, torch.Tensor mixed, torch.Tensor slope, torch.Tensor denominator)
    {
        var numerator = (bin.RightSlope * t.Square())
            .Plus((slope * mixed).Times(2))
            .Plus(bin.LeftSlope * (-t).Plus(1).Square());
        return slope.log().Times(2).Plus(numerator.log()) - denominator.log().Times(2);
    }

    private (torch.Tensor Value, torch.Tensor LogDeterminant) Outside(
        torch.Tensor value, torch.Tensor mapped, torch.Tensor logSlope)
    {
        var outside = value.abs().IsAbove(_settings.TailBound);
        return (torch.where(outside, value, mapped), torch.where(outside, torch.zeros_like(logSlope), logSlope));
    }

    /// <summary>The bins that values lie in.</summary>
    private SplineBin BinsOf(torch.Tensor values, torch.Tensor innerKnots)
    {
        var index = values.unsqueeze(-1).ge(innerKnots).sum(-1, keepdim: true).unsqueeze(-1);
        long[] shape = [.. index.shape[..^2], _settings.Bins, 6];
        var parts = _bins.expand(shape).gather(-2, index.expand([.. index.shape[..^1], 6])).squeeze(-2).unbind(-1);
        return new SplineBin(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
    }

    /// <summary>Where bins begin and how wide they are; the last one ends at B, whatever the rounding.</summary>
    private (torch.Tensor Start, torch.Tensor Width) Bins(torch.Tensor unconstrained)
    {
        double share = _settings.MinimumShare;
        double bound = _settings.TailBound;
        var shares = unconstrained.softmax(-1).Times(1 - (share * _settings.Bins)).Plus(share);
        var ends = shares.cumsum(-1).Times(2 * bound).Minus(bound);
        var edge = TensorArithmetic.Full([.. shares.shape[..^1], 1], bound, shares.dtype, shares.device);
        var inner = ends.narrow(-1, 0, _settings.Bins - 1);
        var starts = torch.cat([-edge, inner], -1);
        return (starts, torch.cat([inner, edge], -1) - starts);
    }
}

/// <summary>The bin of a spline that each value lies in; all of the values' shape.</summary>
/// <param name="Left">x at the left knot.</param>
/// <param name="Width">Distance of the knots along x.</param>
/// <param name="Bottom">y at the left knot.</param>
/// <param name="Height">Distance of the knots along y.</param>
/// <param name="LeftSlope">Slope at the left knot.</param>
/// <param name="RightSlope">Slope at the right knot.</param>
internal sealed record SplineBin(
    torch.Tensor Left,
    torch.Tensor Width,
    torch.Tensor Bottom,
    torch.Tensor Height,
    torch.Tensor LeftSlope,
    torch.Tensor RightSlope);

/// <summary>The form of rational-quadratic splines (Durkan et al. 2019).</summary>
/// <param name="Bins">Bins of a spline, K; at least 1.</param>
/// <param name="TailBound">B: the spline maps [-B, B] to itself, and what lies outside is not changed.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SplineSettings(int Bins, double TailBound)
{
    /// <summary>Smallest width and height of a bin, as a share of 2B; K of them must leave something.</summary>
    public double MinimumShare => Math.Min(1e-3, 0.5 / Bins);

    /// <summary>Smallest slope at an inner knot.</summary>
    public const double MinimumSlope = 1e-3;

    /// <summary>Unconstrained parameters of a spline: K widths, K heights and K - 1 slopes of inner knots.</summary>
    public int ParametersPerDimension => (3 * Bins) - 1;
}
