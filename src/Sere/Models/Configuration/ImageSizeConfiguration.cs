using System.Runtime.InteropServices;

namespace Sere.Models.Configuration;

/// <summary>The size that images are brought to before they are used.</summary>
/// <param name="Height">Rows, in pixels.</param>
/// <param name="Width">Columns, in pixels.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ImageSizeConfiguration(int Height, int Width)
{
    internal void Validate(string path) => new ImageShapeConfiguration(1, Height, Width).Validate(path);
}
