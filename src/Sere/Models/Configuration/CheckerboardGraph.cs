namespace Sere.Models.Configuration;

/// <summary>Which blocks of a checkerboard a block is conditioned on.</summary>
public enum CheckerboardGraph
{
    /// <summary>The block before it, in raster order. Proposition 2 holds for this graph alone.</summary>
    Chain,

    /// <summary>The blocks left of it and above it.</summary>
    Grid,
}
