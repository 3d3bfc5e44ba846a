using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Sere.Runs.Pictures;

/// <summary>Ticks whose numbers all have the same decimals and a true minus sign.</summary>
internal sealed class EvenTicks : ITickGenerator
{
    private const int MostDecimals = 8;

    private readonly NumericAutomatic _generator;

    /// <summary>Ticks that are chosen anew whenever the range or the size of the axis changes.</summary>
    /// <param name="integersOnly">Whether only whole numbers get a tick.</param>
    public EvenTicks(bool integersOnly)
    {
        _generator = new NumericAutomatic { IntegerTicksOnly = integersOnly, TickDensity = 0.7 };
    }

    public Tick[] Ticks { get; private set; } = [];

    public int MaxTickCount
    {
        get => _generator.MaxTickCount;
        set => _generator.MaxTickCount = value;
    }

    public void Regenerate(CoordinateRange range, Edge edge, PixelLength size, Paint paint, LabelStyle labelStyle)
    {
        _generator.Regenerate(range, edge, size, paint, labelStyle);
        Tick[] major = [.. _generator.Ticks.Where(tick => tick.IsMajor)];
        int decimals = major.Length == 0 ? 0 : major.Max(tick => DecimalsOf(tick.Position));
        Ticks = [.. major.Select(tick => Tick.Major(tick.Position, Format(tick.Position, decimals)))];
    }

    /// <summary>A number with a true minus sign and groups of thousands.</summary>
    public static string Format(double value, int decimals)
    {
        // Adding 0 turns a negative zero into the plain one.
        string text = (Math.Round(value, decimals) + 0.0).ToString($"N{decimals}", CultureInfo.InvariantCulture);
        return text.Replace('-', '−');
    }

    /// <summary>How many decimals a number needs, as far as rounding errors let it be seen.</summary>
    private static int DecimalsOf(double value)
    {
        int decimals = 0;
        while (decimals < MostDecimals && Math.Abs(value - Math.Round(value, decimals)) > 1e-9 * Math.Abs(value))
        {
            decimals++;
        }

        return decimals;
    }
}
