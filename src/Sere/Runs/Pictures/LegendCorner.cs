using ScottPlot;

namespace Sere.Runs.Pictures;

/// <summary>Finds the corner of a chart where a legend hides the least of its lines.</summary>
internal static class LegendCorner
{
    private static readonly (Alignment Corner, bool IsRight, bool IsTop)[] Corners =
    [
        (Alignment.LowerRight, true, false),
        (Alignment.UpperRight, true, true),
        (Alignment.UpperLeft, false, true),
        (Alignment.LowerLeft, false, false),
    ];

    /// <summary>The best corner.</summary>
    /// <param name="points">All points of the lines.</param>
    /// <param name="limits">What the chart shows.</param>
    /// <param name="width">The width of the legend as a part of the chart's.</param>
    /// <param name="height">The height of the legend as a part of the chart's.</param>
    public static Alignment Best(IReadOnlyList<Coordinates> points, AxisLimits limits, double width, double height)
    {
        return Corners.MinBy(corner => points.Count(point => IsInside(point, corner.IsRight, corner.IsTop))).Corner;

        bool IsInside(Coordinates point, bool isRight, bool isTop)
        {
            double x = (point.X - limits.Left) / (limits.Right - limits.Left);
            double y = (point.Y - limits.Bottom) / (limits.Top - limits.Bottom);
            return y is >= 0 and <= 1 && (isRight ? x >= 1 - width : x <= width) && (isTop ? y >= 1 - height : y <= height);
        }
    }
}
