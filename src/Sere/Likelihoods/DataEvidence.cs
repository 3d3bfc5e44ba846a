using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>The part of log p(x | z) that does not depend on z.</summary>
/// <param name="Blocks">x cut into padded blocks, [L, B, LargestBlock].</param>
/// <param name="Residual">What the data residual computes from x alone: [L', B, H], or null without coupling.</param>
public sealed record DataEvidence(torch.Tensor Blocks, torch.Tensor? Residual);
