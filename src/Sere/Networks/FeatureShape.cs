using System.Runtime.InteropServices;

namespace Sere.Networks;

/// <summary>What a flat vector of features stands for: channels of a grid, in the order [channels, height, width].</summary>
/// <param name="Channels">Features at each place of the grid.</param>
/// <param name="Height">Rows of the grid.</param>
/// <param name="Width">Columns of the grid.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct FeatureShape(int Channels, int Height, int Width)
{
    /// <summary>Number of values.</summary>
    public int Size => checked(Channels * Height * Width);

    /// <summary>Places of the grid.</summary>
    public int Positions => checked(Height * Width);

    /// <summary>Whether there is no grid: a convolution over it is an affine map.</summary>
    public bool IsVector => Height == 1 && Width == 1;

    /// <summary>Features without a grid.</summary>
    public static FeatureShape Vector(int size) => new(size, 1, 1);

    /// <summary>The same grid with other channels.</summary>
    public FeatureShape WithChannels(int channels) => this with { Channels = channels };

    /// <summary>As in "16x8x8".</summary>
    public override string ToString() => $"{Channels}x{Height}x{Width}";
}
