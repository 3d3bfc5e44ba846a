using System.Text.Json.Serialization;
using Sere.Networks;

namespace Sere.Models.Configuration;

/// <summary>A network that computes parameters; the JSON member "kind" says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = ConfigurationSchema.KindMember)]
[JsonDerivedType(typeof(MlpConfiguration), "mlp")]
[JsonDerivedType(typeof(ResNetConfiguration), "resnet")]
public abstract record NetworkConfiguration
{
    /// <summary>The kind of network that it describes, with its sizes open.</summary>
    internal abstract NetworkDesign Design();

    internal abstract void Validate(string path);
}
