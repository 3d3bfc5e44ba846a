using System.Text.Json.Serialization;

namespace Sere.Models.Configuration;

/// <summary>The steps of a normalizing flow; the JSON member "kind" says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = ConfigurationSchema.KindMember)]
[JsonDerivedType(typeof(MaskedAutoregressiveFlowConfiguration), "maf")]
[JsonDerivedType(typeof(SplineCouplingFlowConfiguration), "spline-coupling")]
[JsonDerivedType(typeof(SplineAutoregressiveFlowConfiguration), "spline-autoregressive")]
public abstract record FlowConfiguration
{
    /// <summary>The network of each step: masked in autoregressive ones.</summary>
    [JsonPropertyOrder(-1)]
    public NetworkConfiguration Network { get; init; } = new MlpConfiguration();

    /// <summary>The steps; 1 to 1000. As a likelihood, as many for each layer of latents.</summary>
    [JsonPropertyOrder(-1)]
    public int Steps { get; init; } = 5;

    /// <summary>What brings the dimensions into another order behind each step.</summary>
    [JsonPropertyOrder(-1)]
    public FlowPermutation Permutation { get; init; } = FlowPermutation.Reverse;

    /// <summary>Whether batch normalization stands behind each step.</summary>
    [JsonPropertyOrder(-1)]
    public bool BatchNormalization { get; init; }

    internal virtual void Validate(string path)
    {
        Network.Validate($"{path}.network");
        if (this is not SplineCouplingFlowConfiguration)
        {
            ConfigurationCheck.RequirePerceptrons($"{path}.network", Network);
        }

        ConfigurationCheck.Require(Steps is >= 1 and <= 1000, $"{path}.steps", Steps, "a whole number from 1 to 1000");
        ConfigurationCheck.RequireNamed($"{path}.permutation", Permutation);
    }
}
