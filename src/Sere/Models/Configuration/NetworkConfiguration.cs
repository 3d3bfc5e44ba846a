using System.Text.Json.Serialization;

namespace Sere.Models.Configuration;

/// <summary>A network that computes parameters; the JSON member "kind" says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = ConfigurationSchema.KindMember)]
[JsonDerivedType(typeof(MlpConfiguration), "mlp")]
public abstract record NetworkConfiguration
{
    internal abstract void Validate(string path);
}
