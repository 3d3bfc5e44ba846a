using System.Runtime.Intrinsics;

namespace Sere.Numerics.Kernels;

/// <summary>An activation whose slope follows from its value, so that a backward pass needs to keep the value alone.</summary>
internal interface IActivationKernel
{
    /// <summary>a(x).</summary>
    static abstract Vector256<float> Value(Vector256<float> x);

    /// <summary>a'(x) from a(x).</summary>
    static abstract Vector256<float> Slope(Vector256<float> value);
}
