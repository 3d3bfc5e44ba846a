using System.Runtime.Intrinsics;

namespace Sere.Numerics.Kernels;

/// <summary>Hyperbolic tangent.</summary>
internal readonly struct TanhKernel : IActivationKernel
{
    /// <inheritdoc/>
    public static Vector256<float> Value(Vector256<float> x) => VectorMath.Tanh(x);

    /// <inheritdoc/>
    public static Vector256<float> Slope(Vector256<float> value) => Vector256<float>.One - (value * value);
}
