using System.Text.Json.Serialization;

namespace Sere.Models.Configuration;

/// <summary>A density model; the JSON member "kind" says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = ConfigurationSchema.KindMember)]
[JsonDerivedType(typeof(VariationalModelConfiguration), "variational")]
public abstract record ModelConfiguration
{
    internal abstract void Validate(string path);
}
