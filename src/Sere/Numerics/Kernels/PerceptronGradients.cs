using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>Gradients of a layer of perceptrons.</summary>
/// <param name="BeforeActivation">Of x W + bias + addend, shaped as the values.</param>
/// <param name="Bias">Shaped as the bias.</param>
/// <param name="Weight">Shaped as the weight.</param>
/// <param name="Input">Shaped as x, where it was asked for.</param>
internal sealed record PerceptronGradients(
    torch.Tensor BeforeActivation,
    torch.Tensor Bias,
    torch.Tensor Weight,
    torch.Tensor? Input);
