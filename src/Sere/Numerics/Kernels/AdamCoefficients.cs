using System.Runtime.InteropServices;

namespace Sere.Numerics.Kernels;

/// <summary>The constants of one step of Adam. Differences from 1 are taken in float64: in float32 they lose digits.</summary>
/// <param name="FirstDecay">beta1.</param>
/// <param name="FirstShare">1 - beta1.</param>
/// <param name="SecondDecay">beta2.</param>
/// <param name="SecondShare">1 - beta2.</param>
/// <param name="GradientScale">Factor on the gradients.</param>
/// <param name="SecondCorrection">1 / (1 - beta2^t).</param>
/// <param name="Epsilon">Added to the denominator.</param>
/// <param name="Rate">Learning rate / (1 - beta1^t).</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AdamCoefficients(
    float FirstDecay,
    float FirstShare,
    float SecondDecay,
    float SecondShare,
    float GradientScale,
    float SecondCorrection,
    float Epsilon,
    float Rate);
