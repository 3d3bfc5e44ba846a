using System.Runtime.InteropServices;

namespace Sere.Data;

/// <summary>The shape of one image: channel planes, each row by row.</summary>
/// <param name="Channels">The number of planes: 1 for grey, 3 for red, green and blue.</param>
/// <param name="Height">The number of rows.</param>
/// <param name="Width">The number of columns.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ImageShape(int Channels, int Height, int Width)
{
    /// <summary>The number of values of one image, D.</summary>
    /// <exception cref="OverflowException">The product is greater than <see cref="int.MaxValue"/>.</exception>
    public int Dimensions => checked(Channels * Height * Width);

    /// <summary>Channels, height and width, such as "1x28x28".</summary>
    public override string ToString() => $"{Channels}x{Height}x{Width}";
}
