using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>The evidence of a layer whose posterior is a flow: its base distribution, and what its steps see of x.</summary>
/// <param name="Mean">Mean of the base, [B, N].</param>
/// <param name="LogScale">Log of the base's standard deviation, [B, N].</param>
/// <param name="Context">The context of every step, [B, C].</param>
public sealed record FlowEvidence(torch.Tensor Mean, torch.Tensor LogScale, torch.Tensor Context) : LayerEvidence;
