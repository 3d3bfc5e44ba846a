namespace Sere.Models.Configuration;

/// <summary>Adamax: the second measure is a decaying maximum of the gradient's size. JSON kind "adamax".</summary>
public sealed record AdamaxConfiguration : OptimizerConfiguration;
