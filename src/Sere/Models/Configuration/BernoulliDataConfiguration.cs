namespace Sere.Models.Configuration;

/// <summary>Independent Bernoulli pixels, for binary images. JSON kind "bernoulli".</summary>
public sealed record BernoulliDataConfiguration : DataLayerConfiguration;
