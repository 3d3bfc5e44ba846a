using System.Runtime.InteropServices;

namespace Sere.Models.Configuration;

/// <summary>The shape of the images that a model was built for.</summary>
/// <param name="Channels">1 for grey, 3 for colour.</param>
/// <param name="Height">Rows, in pixels.</param>
/// <param name="Width">Columns, in pixels.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ImageShapeConfiguration(int Channels, int Height, int Width)
{
    private const int LargestSide = 65_536;

    internal void Validate(string path)
    {
        ConfigurationCheck.Require(Channels is 1 or 3, $"{path}.channels", Channels, "1 or 3");
        ConfigurationCheck.Require(
            Height is >= 1 and <= LargestSide, $"{path}.height", Height, $"a whole number from 1 to {LargestSide}");
        ConfigurationCheck.Require(
            Width is >= 1 and <= LargestSide, $"{path}.width", Width, $"a whole number from 1 to {LargestSide}");
        ConfigurationCheck.Require(
            (long)Channels * Height * Width <= Array.MaxLength,
            path,
            $"{Channels}x{Height}x{Width}",
            $"of at most {Array.MaxLength} values");
    }
}
