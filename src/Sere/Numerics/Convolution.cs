using System.Runtime.InteropServices;

namespace Sere.Numerics;

/// <summary>The shape of a grouped convolution: [Rows, Groups Inputs, Height, Width] to [Rows, Groups Outputs, ...].</summary>
/// <param name="Rows">Images.</param>
/// <param name="Groups">Groups, each with weights of its own.</param>
/// <param name="Inputs">Input channels of a group.</param>
/// <param name="Outputs">Output channels of a group.</param>
/// <param name="Height">Rows of the input's grid.</param>
/// <param name="Width">Columns of the input's grid.</param>
/// <param name="Kernel">Side of the kernel.</param>
/// <param name="Stride">Step between two outputs.</param>
/// <param name="NeedsInputGradient">Whether the gradient of the input is asked for, as in all but first layers.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Convolution(
    long Rows,
    int Groups,
    int Inputs,
    int Outputs,
    int Height,
    int Width,
    int Kernel,
    int Stride,
    bool NeedsInputGradient)
{
    /// <summary>Floating-point operations of the forward pass: a multiplication and an addition a term.</summary>
    public double Operations =>
        2.0 * Rows * Groups * Inputs * Outputs * Kernel * Kernel * Divide(Height, Stride) * Divide(Width, Stride);

    /// <summary>Those of the forward pass, and of the gradients of the weights and, if asked for, of the input.</summary>
    public double OperationsWithBackward => Operations * (NeedsInputGradient ? 3 : 2);

    private static int Divide(int length, int stride) => (length + stride - 1) / stride;
}
