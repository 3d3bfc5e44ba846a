using System.Runtime.Intrinsics;

namespace Sere.Numerics.Kernels;

/// <summary>x above 0, e^x - 1 below.</summary>
internal readonly struct EluKernel : IActivationKernel
{
    /// <inheritdoc/>
    public static Vector256<float> Value(Vector256<float> x) => Vector256.ConditionalSelect(
        Vector256.GreaterThan(x, Vector256<float>.Zero),
        x,
        VectorMath.Exp(Vector256.Min(x, Vector256<float>.Zero)) - Vector256<float>.One);

    /// <inheritdoc/>
    public static Vector256<float> Slope(Vector256<float> value) =>
        Vector256.Min(value, Vector256<float>.Zero) + Vector256<float>.One;
}
