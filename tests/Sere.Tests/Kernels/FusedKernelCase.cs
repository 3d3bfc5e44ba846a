using TorchSharp;

namespace Sere.Tests.Kernels;

/// <summary>A computation that has a fused and a plain form.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Shapes">Shapes of its inputs with a gradient.</param>
/// <param name="Compute">The computation on those inputs.</param>
internal sealed record FusedKernelCase(string Name, long[][] Shapes, Func<torch.Tensor[], torch.Tensor> Compute)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}
