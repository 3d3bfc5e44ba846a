namespace Sere.Models.Configuration;

/// <summary>Adam: the second measure is the mean of the squared gradient. JSON kind "adam".</summary>
public sealed record AdamConfiguration : OptimizerConfiguration;
