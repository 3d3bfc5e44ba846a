using System.Text.Json.Serialization;
using Sere.Likelihoods;

namespace Sere.Models.Configuration;

/// <summary>
/// The distribution of a block of the image given its code and the block before (eq. 3); the JSON member "kind" says
/// which.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = ConfigurationSchema.KindMember)]
[JsonDerivedType(typeof(BernoulliDataConfiguration), "bernoulli")]
[JsonDerivedType(typeof(GaussianDataConfiguration), "gaussian")]
[JsonDerivedType(typeof(LogisticMixtureDataConfiguration), "logistic-mixture")]
[JsonDerivedType(typeof(FlowDataConfiguration), "flow")]
public abstract record DataLayerConfiguration
{
    /// <summary>What the residual of the layer sees; it matters where the data coupling is on.</summary>
    [JsonPropertyOrder(-1)]
    public DataResidual Residual { get; init; } = DataResidual.Joint;

    /// <summary>
    /// The network of each part of the layer: from the code, from the block before, and of their join.
    /// </summary>
    [JsonPropertyOrder(-1)]
    public NetworkConfiguration Network { get; init; } = new MlpConfiguration();

    internal virtual void Validate(string path)
    {
        ConfigurationCheck.RequireNamed($"{path}.residual", Residual);
        Network.Validate($"{path}.network");
    }
}
