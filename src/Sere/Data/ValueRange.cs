using System.Runtime.InteropServices;

namespace Sere.Data;

/// <summary>The smallest and the greatest of real values.</summary>
/// <param name="Low">The smallest.</param>
/// <param name="High">The greatest.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ValueRange(float Low, float High)
{
    /// <summary>Whether all values lie in [0, 1], where grey values are.</summary>
    public bool IsGrey => Low >= 0 && High <= 1;

    /// <summary>Of the values of a set; null where it has none, or where they are bytes.</summary>
    public static ValueRange? Of(ImageSet images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return images.IsReal && images.Values.Length > 0
            ? new ValueRange(images.Values.Min(), images.Values.Max())
            : null;
    }
}
