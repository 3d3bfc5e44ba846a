using System.Text.Json.Serialization;

namespace Sere.Models.Configuration;

/// <summary>The invertible map from base variables to a layer's code; the JSON member "kind" says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = ConfigurationSchema.KindMember)]
[JsonDerivedType(typeof(IdentityBijectorConfiguration), "identity")]
[JsonDerivedType(typeof(DiagonalAffineConfiguration), "diagonal-affine")]
[JsonDerivedType(typeof(RankOneAffineConfiguration), "rank-one-affine")]
[JsonDerivedType(typeof(InverseAutoregressiveConfiguration), "inverse-autoregressive")]
[JsonDerivedType(typeof(SplineCouplingConfiguration), "spline-coupling")]
public abstract record BijectorConfiguration
{
    internal abstract void Validate(string path);
}
