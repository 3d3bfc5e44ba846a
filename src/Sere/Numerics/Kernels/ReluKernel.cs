using System.Runtime.Intrinsics;

namespace Sere.Numerics.Kernels;

/// <summary>x above 0, 0 below.</summary>
internal readonly struct ReluKernel : IActivationKernel
{
    /// <inheritdoc/>
    public static Vector256<float> Value(Vector256<float> x) => Vector256.Max(x, Vector256<float>.Zero);

    /// <inheritdoc/>
    public static Vector256<float> Slope(Vector256<float> value) => Vector256.ConditionalSelect(
        Vector256.GreaterThan(value, Vector256<float>.Zero), Vector256<float>.One, Vector256<float>.Zero);
}
