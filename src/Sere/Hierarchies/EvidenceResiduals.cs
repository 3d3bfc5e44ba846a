using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>What the evidence says about one layer: the residuals of eq. 9.</summary>
/// <param name="Mean">dm_l(x), [B, N_l].</param>
/// <param name="LogScale">log ds_l(x), [B, N_l], at most 0.</param>
public sealed record EvidenceResiduals(torch.Tensor Mean, torch.Tensor LogScale);
