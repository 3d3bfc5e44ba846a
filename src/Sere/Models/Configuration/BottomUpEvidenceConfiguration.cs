namespace Sere.Models.Configuration;

/// <summary>
/// One deterministic pass from the image upward, in which the features of a layer come from those of the layer below.
/// JSON kind "bottom-up".
/// </summary>
public sealed record BottomUpEvidenceConfiguration : EvidenceConfiguration;
