using System.Runtime.Intrinsics;

namespace Sere.Numerics.Kernels;

/// <summary>x above 0, 0.01 x below.</summary>
internal readonly struct LeakyReluKernel : IActivationKernel
{
    private const float SlopeBelow = 0.01f;

    /// <inheritdoc/>
    public static Vector256<float> Value(Vector256<float> x) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(x, Vector256<float>.Zero), x, x * SlopeBelow);

    /// <inheritdoc/>
    public static Vector256<float> Slope(Vector256<float> value) => Vector256.ConditionalSelect(
        Vector256.GreaterThan(value, Vector256<float>.Zero), Vector256<float>.One, Vector256.Create(SlopeBelow));
}
