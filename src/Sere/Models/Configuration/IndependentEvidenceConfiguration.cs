namespace Sere.Models.Configuration;

/// <summary>
/// One encoder a layer, each from the whole image to dm and ds of eq. 9, independent of the other layers and of the
/// codes. JSON kind "independent".
/// </summary>
public sealed record IndependentEvidenceConfiguration : EvidenceConfiguration;
