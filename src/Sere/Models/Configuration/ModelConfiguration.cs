using System.Text.Json.Serialization;

namespace Sere.Models.Configuration;

/// <summary>A density model; the JSON member "kind" says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = ConfigurationSchema.KindMember)]
[JsonDerivedType(typeof(VariationalModelConfiguration), "variational")]
[JsonDerivedType(typeof(FlowPosteriorModelConfiguration), "flow-posterior")]
[JsonDerivedType(typeof(LadderModelConfiguration), "ladder")]
[JsonDerivedType(typeof(RelaxedBernoulliModelConfiguration), "relaxed-bernoulli")]
public abstract record ModelConfiguration
{
    /// <summary>The distribution of the data.</summary>
    internal abstract DataLayerConfiguration DataLayer { get; }

    internal abstract void Validate(string path);
}
