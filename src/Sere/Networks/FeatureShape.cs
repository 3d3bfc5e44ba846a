using System.Runtime.InteropServices;
using TorchSharp;

namespace Sere.Networks;

/// <summary>What a flat vector of features stands for: channels of a grid, in the order [channels, height, width].</summary>
/// <param name="Channels">Features at each place of the grid.</param>
/// <param name="Height">Rows of the grid.</param>
/// <param name="Width">Columns of the grid.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FeatureShape(int Channels, int Height, int Width)
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

/// <summary>The grid on which the latents of a layer lie; 1 by 1 where they are a plain vector.</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct LatentGrid(
    [property: In(LatentGrid.Side)] int Height, [property: In(LatentGrid.Side)] int Width)
{
    private const string Side = "[1, 65536]";

    /// <summary>Latents without a grid.</summary>
    public static LatentGrid None => new(1, 1);

    /// <summary>The shape of so many values on this grid.</summary>
    /// <exception cref="ArgumentException">They do not fill the grid with whole channels.</exception>
    internal FeatureShape Shape(int values) => values % (Height * Width) == 0
        ? new FeatureShape(values / (Height * Width), Height, Width)
        : throw new ArgumentException($"{values} values are no whole channels of a {Height}x{Width} grid.", nameof(values));
}

/// <summary>Between flat features of a stack, [S, R, C H W], and the form of a grouped convolution, [R, S C, H, W].</summary>
internal static class StackedGrid
{
    /// <summary>[S, R, C H W] to [R, S C, H, W].</summary>
    public static torch.Tensor FromFlat(torch.Tensor x, FeatureShape shape) =>
        x.transpose(0, 1).reshape(x.shape[1], -1, shape.Height, shape.Width);

    /// <summary>[R, S C, H, W] to [S, R, C H W].</summary>
    public static torch.Tensor ToFlat(torch.Tensor x, int stack) =>
        x.reshape(x.shape[0], stack, -1).transpose(0, 1).contiguous();
}
