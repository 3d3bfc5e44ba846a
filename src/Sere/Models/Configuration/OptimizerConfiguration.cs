using System.Text.Json.Serialization;

namespace Sere.Models.Configuration;

/// <summary>The optimizer and its settings; the JSON member "kind" says which.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = ConfigurationSchema.KindMember)]
[JsonDerivedType(typeof(AdamConfiguration), "adam")]
[JsonDerivedType(typeof(AdamaxConfiguration), "adamax")]
public abstract record OptimizerConfiguration
{
    // Beyond these a float32 holds infinity or zero.
    private const double MaximumLearningRate = 1e30;
    private const double MinimumEpsilon = 1e-30;

    /// <summary>The peak learning rate; greater than 0 and at most 1e30.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>The decay of the mean of the gradient, per step; at least 0 and less than 1.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay of the second measure of the gradient, per step; at least 0 and less than 1.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>What keeps the denominator positive: added to it by Adam, to the gradient's size by Adamax; at least 1e-30.</summary>
    public double Epsilon { get; init; } = 1e-8;

    internal void Validate(string path)
    {
        ConfigurationCheck.Require(
            LearningRate is > 0 and <= MaximumLearningRate,
            $"{path}.learningRate",
            LearningRate,
            $"greater than 0 and at most {MaximumLearningRate}");
        ConfigurationCheck.Require(Beta1 is >= 0 and < 1, $"{path}.beta1", Beta1, "at least 0 and less than 1");
        ConfigurationCheck.Require(Beta2 is >= 0 and < 1, $"{path}.beta2", Beta2, "at least 0 and less than 1");
        ConfigurationCheck.Require(
            Epsilon is >= MinimumEpsilon and < double.PositiveInfinity,
            $"{path}.epsilon",
            Epsilon,
            $"at least {MinimumEpsilon} and finite");
    }
}
