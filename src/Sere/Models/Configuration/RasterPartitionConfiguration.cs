namespace Sere.Models.Configuration;

/// <summary>
/// Blocks of equal size in raster order, from the left and from the top; the last one may be shorter. JSON kind
/// "raster".
/// </summary>
public sealed record RasterPartitionConfiguration : PartitionConfiguration
{
    internal override void Validate(string path)
    {
    }
}
