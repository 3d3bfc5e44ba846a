using TorchSharp;

namespace Sere.Numerics;

/// <summary>Fused elementwise operations.</summary>
internal static class TensorMath
{
    // A native scalar is allocated for every C# number that is passed; this one is passed at each call.
    private static readonly Lazy<Scalar> One = new(() => 1.0.ToScalar());

    /// <summary>addend + first * second, in one pass.</summary>
    public static torch.Tensor MultiplyAdd(torch.Tensor addend, torch.Tensor first, torch.Tensor second) =>
        addend.addcmul(first, second, One.Value);

    /// <summary>addend + first second, a matrix product for each of the leading dimension: [S, B, I] and [S, I, O].</summary>
    /// <remarks>TorchSharp's baddbmm takes the first matrix as its receiver and the addend last, unlike its names say.</remarks>
    public static torch.Tensor BatchMultiplyAdd(torch.Tensor addend, torch.Tensor first, torch.Tensor second) =>
        first.baddbmm(second, addend);
}
