using System.Text.Json.Serialization;

namespace Sere.Models.Configuration;

/// <summary>The encoder from an image to the features of each layer; the JSON member "kind" says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = ConfigurationSchema.KindMember)]
[JsonDerivedType(typeof(IndependentEvidenceConfiguration), "independent")]
[JsonDerivedType(typeof(BottomUpEvidenceConfiguration), "bottom-up")]
public abstract record EvidenceConfiguration
{
    /// <summary>The network of the encoder.</summary>
    public NetworkConfiguration Network { get; init; } = new MlpConfiguration();

    internal void Validate(string path) => Network.Validate($"{path}.network");
}
