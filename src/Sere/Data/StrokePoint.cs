using System.Runtime.InteropServices;

namespace Sere.Data;

/// <summary>A point that a pen stroke passes.</summary>
/// <param name="X">The place from left to right.</param>
/// <param name="Y">The place from top to bottom.</param>
/// <param name="IsCorner">Whether the stroke changes its direction at once here instead of in a curve.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct StrokePoint(double X, double Y, bool IsCorner);
