namespace Sere.Runs.Pictures;

/// <summary>
/// The range of values that a chart of learning curves shows. The first epochs lie far from the rest and would press
/// it flat; they may run out of the chart, but no curve loses its end.
/// </summary>
/// <param name="Low">The lowest value shown.</param>
/// <param name="High">The highest value shown.</param>
/// <param name="Smallest">The smallest value of all curves.</param>
/// <param name="Largest">The largest value of all curves.</param>
internal sealed record CurveRange(double Low, double High, double Smallest, double Largest)
{
    // A value further than this many interquartile ranges from the middle half of its curve may be cut off.
    private const double FenceFactor = 3;

    // Cutting has to pay: the rest must gain this much room, or everything is shown.
    private const double WorthwhileFraction = 0.6;

    // A curve that is level but for a few points has no range of its own to show.
    private const double DegenerateFraction = 1e-9;

    // Below this many points quartiles mean nothing.
    private const int FewestPoints = 8;

    /// <summary>Whether some values lie below the range.</summary>
    public bool CutsLow => Low > Smallest;

    /// <summary>Whether some values lie above the range.</summary>
    public bool CutsHigh => High < Largest;

    /// <summary>What the label of the axis says about the cut; empty where nothing is cut.</summary>
    public string Note => (CutsLow, CutsHigh) switch
    {
        (true, true) => $", cut at {Rounded(Low)} and {Rounded(High)}",
        (true, false) => $", cut at {Rounded(Low)} (lowest {Rounded(Smallest)})",
        (false, true) => $", cut at {Rounded(High)} (highest {Rounded(Largest)})",
        _ => string.Empty,
    };

    /// <summary>The range of curves of finite values, none of them empty.</summary>
    public static CurveRange Of(IReadOnlyList<double[]> curves)
    {
        double smallest = curves.Min(curve => curve.Min());
        double largest = curves.Max(curve => curve.Max());
        double low = curves.Min(LowFence);
        double high = curves.Max(curve => -LowFence([.. curve.Select(value => -value)]));
        double shown = (high - low) / (largest - smallest);
        return shown is > DegenerateFraction and <= WorthwhileFraction
            ? new CurveRange(low, high, smallest, largest)
            : new CurveRange(smallest, largest, smallest, largest);
    }

    private static double LowFence(double[] curve)
    {
        double smallest = curve.Min();
        if (curve.Length < FewestPoints)
        {
            return smallest;
        }

        double[] sorted = [.. curve.Order()];
        double lower = sorted[sorted.Length / 4];
        double upper = sorted[sorted.Length * 3 / 4];
        double fence = lower - (FenceFactor * (upper - lower));
        return Math.Max(smallest, Math.Min(fence, curve[^1]));
    }

    // Four digits are enough to read, whatever the unit.
    private static string Rounded(double value)
    {
        int digitsBefore = value == 0 ? 1 : (int)Math.Floor(Math.Log10(Math.Abs(value))) + 1;
        return EvenTicks.Format(value, Math.Clamp(4 - digitsBefore, 0, 4));
    }
}
