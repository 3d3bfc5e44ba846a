using Sere.Numerics.Kernels;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Numerics.Kernels;

/// <summary>The matrix library within libtorch is called as it is meant to be.</summary>
/// <remarks>Seen to fail with: the two strides exchanged; rows and columns exchanged.</remarks>
public sealed unsafe class BlasTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_product_equals_that_of_libtorch(bool firstIsTransposed, bool secondIsTransposed)
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
        var product = torch.full([Rows, Columns], float.NaN);
        Blas.Multiply(
            FloatMemory.Of(storedFirst),
            firstIsTransposed,
            FloatMemory.Of(storedSecond),
            secondIsTransposed,
            FloatMemory.Of(product),
            Rows,
            Inner,
            Columns);
        GC.KeepAlive((storedFirst, storedSecond));
        TensorAssert.Close(first.mm(second), product, 1e-5, "product");
    }

    [Fact]
    public void It_is_withheld_within_a_scope_alone()
    {
        bool before = Blas.IsAvailable;
        using (Blas.Withhold())
        {
            Assert.False(Blas.IsAvailable);
        }

        Assert.Equal(before, Blas.IsAvailable);
    }
}
