using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>Images that a model made.</summary>
/// <param name="Values">What was drawn, [B, D].</param>
/// <param name="Means">The mean of each dimension given the codes and the blocks before it, [B, D].</param>
public sealed record GeneratedImages(torch.Tensor Values, torch.Tensor Means);
