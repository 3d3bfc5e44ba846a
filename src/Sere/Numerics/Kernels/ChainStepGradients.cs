using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>Gradients of what a step of the chain takes, in the same shapes.</summary>
/// <param name="Prior">[B, 2N]; null for N(0, I).</param>
/// <param name="Bijector">[B, 3N].</param>
/// <param name="MeanResidual">[B, N].</param>
/// <param name="LogScaleResidual">[B, N].</param>
internal sealed record ChainStepGradients(
    torch.Tensor? Prior,
    torch.Tensor Bijector,
    torch.Tensor MeanResidual,
    torch.Tensor LogScaleResidual);
