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
}
