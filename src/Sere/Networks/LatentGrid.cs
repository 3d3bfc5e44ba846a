using System.Runtime.InteropServices;

namespace Sere.Networks;

/// <summary>The grid on which the latents of a layer lie; 1 by 1 where they are a plain vector.</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct LatentGrid(int Height, int Width)
{
    /// <summary>Latents without a grid.</summary>
    public static LatentGrid None => new(1, 1);

    /// <summary>The shape of so many values on this grid.</summary>
    /// <exception cref="ArgumentException">They do not fill the grid with whole channels.</exception>
    public FeatureShape Shape(int values) => values % (Height * Width) == 0
        ? new FeatureShape(values / (Height * Width), Height, Width)
        : throw new ArgumentException($"{values} values are no whole channels of a {Height}x{Width} grid.", nameof(values));
}
