using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>What one step of the chain takes, before any bound.</summary>
/// <param name="Prior">Mean and log-scale of the prior before their bounds, [..., 2N]; null for N(0, I).</param>
/// <param name="Bijector">(c, d, u) before their bounds, [..., 3N].</param>
/// <param name="MeanResidual">dm, [B, N].</param>
/// <param name="LogScaleResidual">log ds, [B, N].</param>
/// <param name="Noise">Standard normal noise, [..., N].</param>
/// <param name="Bounds">The bounds.</param>
internal sealed record ChainStepInputs(
    torch.Tensor? Prior,
    torch.Tensor Bijector,
    torch.Tensor MeanResidual,
    torch.Tensor LogScaleResidual,
    torch.Tensor Noise,
    ChainStepBounds Bounds);
