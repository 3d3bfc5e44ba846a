using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>Comparisons of tensors that name what differs.</summary>
internal static class TensorAssert
{
    /// <summary>Equal shapes, and |actual - expected| within tolerance (1 + |expected|) everywhere.</summary>
    public static void Close(torch.Tensor expected, torch.Tensor actual, double tolerance, string what)
    {
        Shape(expected.shape, actual, what);
        if (expected.numel() == 0)
        {
            return;
        }

        using var noGrad = torch.no_grad();
        double excess = ((actual - expected).abs() / expected.abs().Plus(1)).max().to(torch.ScalarType.Float64)
            .item<double>();

        // A difference that is not a number is not within any tolerance.
        Assert.True(excess <= tolerance, $"{what}: differs by {excess:g3}, allowed is {tolerance:g3}.");
    }

    /// <summary>No element is infinite or not a number.</summary>
    public static void Finite(torch.Tensor? actual, string what)
    {
        Assert.True(actual is not null, $"{what}: missing.");
        Assert.True(actual.isfinite().all().item<bool>(), $"{what}: not finite.");
    }

    /// <summary>The tensor has the given shape.</summary>
    public static void Shape(long[] expected, torch.Tensor actual, string what) =>
        Assert.True(
            expected.SequenceEqual(actual.shape),
            $"{what}: shape [{string.Join(", ", actual.shape)}] instead of [{string.Join(", ", expected)}].");

    /// <summary>
    /// |actual - expected| within 4 standard errors everywhere. Where the truth holds, a comparison of a fresh seed fails
    /// with probability 6.3e-5.
    /// </summary>
    /// <param name="expected">The true expectations.</param>
    /// <param name="actual">Their estimates.</param>
    /// <param name="standardError">The standard errors of the estimates.</param>
    /// <param name="what">What is compared.</param>
    public static void WithinFourStandardErrors(
        torch.Tensor expected,
        torch.Tensor actual,
        torch.Tensor standardError,
        string what)
    {
        using var noGrad = torch.no_grad();
        Shape(expected.shape, actual, what);

        // Rounding is all that is left where there is no variance.
        double errors = ((actual - expected).abs() / standardError.Plus(1e-9)).max().item<double>();
        Assert.True(errors <= 4, $"{what}: differs by {errors:g3} standard errors.");
    }

    /// <summary>
    /// Two scalars and their gradients with respect to each leaf are equal, and no gradient is zero everywhere.
    /// </summary>
    public static void SameGradients(
        Func<torch.Tensor> expected,
        Func<torch.Tensor> actual,
        IReadOnlyList<torch.Tensor> leaves,
        double tolerance)
    {
        var (value, first) = Derivatives.ValueAndGradients(expected, leaves);
        var (same, second) = Derivatives.ValueAndGradients(actual, leaves);
        Close(value, same, tolerance, "scalar");
        for (int i = 0; i < leaves.Count; i++)
        {
            string what = $"gradient {i}, of shape [{string.Join(", ", leaves[i].shape)}]";
            Assert.True(first[i].any().item<bool>(), $"{what}: zero.");
            Close(first[i], second[i], tolerance, what);
        }
    }
}
