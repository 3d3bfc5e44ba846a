using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>The evidence of a layer whose posterior is an autoregressive network: its context.</summary>
/// <param name="Context">What the network sees of x, [B, C].</param>
public sealed record ContextEvidence(torch.Tensor Context) : LayerEvidence;
