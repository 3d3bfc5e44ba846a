using System.Text.Json.Serialization;

namespace Sere.Models.Configuration;

/// <summary>Where a flow takes data to before its first step; the JSON member "kind" says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = ConfigurationSchema.KindMember)]
[JsonDerivedType(typeof(NoPreprocessingConfiguration), "none")]
[JsonDerivedType(typeof(LogitConfiguration), "logit")]
[JsonDerivedType(typeof(StandardizeConfiguration), "standardize")]
[JsonDerivedType(typeof(WhitenConfiguration), "whiten")]
public abstract record PreprocessingConfiguration
{
    /// <summary>Whether something of it is fitted to the training data.</summary>
    internal virtual bool IsFitted => false;

    internal virtual void Validate(string path)
    {
    }
}
