using System.Text.Json.Serialization;

namespace Sere.Models.Configuration;

/// <summary>The encoder from an image to the features of each layer; the JSON member "kind" says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = ConfigurationSchema.KindMember)]
[JsonDerivedType(typeof(IndependentEvidenceConfiguration), "independent")]
public abstract record EvidenceConfiguration
{
    internal abstract void Validate(string path);
}
