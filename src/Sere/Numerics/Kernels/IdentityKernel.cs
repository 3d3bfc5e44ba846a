using System.Runtime.Intrinsics;

namespace Sere.Numerics.Kernels;

/// <summary>No activation.</summary>
internal readonly struct IdentityKernel : IActivationKernel
{
    /// <inheritdoc/>
    public static Vector256<float> Value(Vector256<float> x) => x;

    /// <inheritdoc/>
    public static Vector256<float> Slope(Vector256<float> value) => Vector256<float>.One;
}
