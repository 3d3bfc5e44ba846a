using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>The evidence of a self-reflective layer: the residuals of eq. 9.</summary>
/// <param name="Mean">dm_l(x), [B, N_l].</param>
/// <param name="LogScale">log ds_l(x), [B, N_l], at most 0 unless the posterior is free.</param>
public sealed record EvidenceResiduals(torch.Tensor Mean, torch.Tensor LogScale) : LayerEvidence;
