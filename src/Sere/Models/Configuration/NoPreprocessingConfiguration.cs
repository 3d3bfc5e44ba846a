namespace Sere.Models.Configuration;

/// <summary>The data as it is. JSON kind "none".</summary>
public sealed record NoPreprocessingConfiguration : PreprocessingConfiguration;
