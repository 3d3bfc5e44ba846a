using Sere.Kernels;
using Sere.Numerics;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Kernels;

/// <summary>The matrix library within libtorch is called as it is meant to be.</summary>
/// <remarks>
/// Seen to fail with: the stride of the second factor exchanged with that of its transpose.
/// </remarks>
public sealed unsafe class BlasTests
{
    public static TheoryData<bool, bool, bool> Products =>
        new MatrixTheoryData<bool, bool, bool>([false, true], [false, true], [false, true]);

    [Theory]
    [MemberData(nameof(Products))]
    public void A_product_equals_that_of_libtorch(bool firstIsTransposed, bool secondIsTransposed, bool accumulates)
    {
        Assert.SkipUnless(Blas.IsAvailable, "This build of libtorch has no matrix library to call.");
        const int Rows = 37;
        const int Inner = 21;
        const int Columns = 50;
        using var scope = torch.NewDisposeScope();
        using var generator = new torch.Generator(3);
        var first = torch.randn([Rows, Inner], generator: generator);
        var second = torch.randn([Inner, Columns], generator: generator);
        var storedFirst = firstIsTransposed ? first.t().contiguous() : first;
        var storedSecond = secondIsTransposed ? second.t().contiguous() : second;
        var product = TensorArithmetic.Full([Rows, Columns], accumulates ? 2 : float.NaN);
        Blas.Multiply(
            new BlasMatrix(FloatMemory.Of(storedFirst), firstIsTransposed ? Rows : Inner, firstIsTransposed),
            new BlasMatrix(FloatMemory.Of(storedSecond), secondIsTransposed ? Inner : Columns, secondIsTransposed),
            new BlasMatrix(FloatMemory.Of(product), Columns),
            Rows,
            Inner,
            Columns,
            accumulates);
        GC.KeepAlive((storedFirst, storedSecond));
        TensorAssert.Close(first.mm(second).Plus(accumulates ? 2 : 0), product, 1e-5, "product");
    }
}
