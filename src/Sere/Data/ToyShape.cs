namespace Sere.Data;

/// <summary>A density on the plane to learn.</summary>
internal enum ToyShape
{
    /// <summary>Two interleaved half circles of radius 1.</summary>
    TwoMoons,

    /// <summary>The dark squares of a board of 4 by 4 squares, each of side 2.</summary>
    Checkerboard,

    /// <summary>Four circles of radius 1 to 4.</summary>
    Rings,
}
