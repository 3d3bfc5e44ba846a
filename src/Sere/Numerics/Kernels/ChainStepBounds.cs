using System.Runtime.InteropServices;

namespace Sere.Numerics.Kernels;

/// <summary>The constants of the smooth bounds of a chain step, in float32.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct ChainStepBounds
{
    /// <summary>The constants of one layer.</summary>
    /// <param name="meanBound">Bound of mu.</param>
    /// <param name="logScale">Interval of log s.</param>
    /// <param name="diagonal">Interval of d.</param>
    /// <param name="directionBound">Bound of u.</param>
    public ChainStepBounds(double meanBound, SmoothInterval logScale, SmoothInterval diagonal, double directionBound)
    {
        Mean = (float)meanBound;
        InverseMean = (float)(1 / meanBound);
        LogScaleFloor = (float)logScale.Floor;
        LogScaleWidth = (float)logScale.Width;
        LogScaleOffset = (float)logScale.Offset;
        DiagonalFloor = (float)diagonal.Floor;
        DiagonalWidth = (float)diagonal.Width;
        DiagonalOffset = (float)diagonal.Offset;
        Direction = (float)directionBound;
    }

    /// <summary>Bound of mu.</summary>
    public float Mean { get; }

    /// <summary>1 / the bound of mu.</summary>
    public float InverseMean { get; }

    /// <summary>Lower end of log s.</summary>
    public float LogScaleFloor { get; }

    /// <summary>Width of the interval of log s.</summary>
    public float LogScaleWidth { get; }

    /// <summary>Offset of the sigmoid of log s.</summary>
    public float LogScaleOffset { get; }

    /// <summary>Lower end of d.</summary>
    public float DiagonalFloor { get; }

    /// <summary>Width of the interval of d.</summary>
    public float DiagonalWidth { get; }

    /// <summary>Offset of the sigmoid of d.</summary>
    public float DiagonalOffset { get; }

    /// <summary>Bound of u.</summary>
    public float Direction { get; }
}
