using System.Text.Json.Serialization;

namespace Sere.Models.Configuration;

/// <summary>How an image is cut into one block a layer; the JSON member "kind" says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = ConfigurationSchema.KindMember)]
[JsonDerivedType(typeof(RasterPartitionConfiguration), "raster")]
[JsonDerivedType(typeof(CheckerboardPartitionConfiguration), "checkerboard")]
[JsonDerivedType(typeof(WholePartitionConfiguration), "whole")]
public abstract record PartitionConfiguration
{
    internal abstract void Validate(string path);
}
