using System.Text.Json.Serialization;

namespace Sere.Models.Configuration;

/// <summary>A density model; the JSON member "kind" says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = ConfigurationSchema.KindMember)]
[JsonDerivedType(typeof(VariationalModelConfiguration), "variational")]
[JsonDerivedType(typeof(FlowPosteriorModelConfiguration), "flow-posterior")]
[JsonDerivedType(typeof(LadderModelConfiguration), "ladder")]
[JsonDerivedType(typeof(RelaxedBernoulliModelConfiguration), "relaxed-bernoulli")]
[JsonDerivedType(typeof(FlowModelConfiguration), "flow")]
public abstract record ModelConfiguration
{
    /// <summary>The distribution of the data given codes; null for a model without latents.</summary>
    internal abstract DataLayerConfiguration? DataLayer { get; }

    /// <summary>Where a flow takes data to; null for a model without one.</summary>
    internal virtual PreprocessingConfiguration? FlowPreprocessing => (DataLayer as FlowDataConfiguration)?.Preprocessing;

    internal abstract void Validate(string path);
}
