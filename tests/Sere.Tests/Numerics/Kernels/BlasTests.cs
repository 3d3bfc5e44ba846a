using Sere.Numerics;
using Sere.Numerics.Kernels;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Numerics.Kernels;

/// <summary>The matrix library within libtorch is called as it is meant to be.</summary>
/// <remarks>
/// Seen to fail with: the stride of the second factor exchanged with that of its transpose; factors cut off to bfloat16
/// instead of rounded; the second factor converted short of its last numbers.
/// </remarks>
public sealed unsafe class BlasTests
{
    public static TheoryData<bool, bool, bool> Products =>
        new MatrixTheoryData<bool, bool, bool>([false, true], [false, true], [false, true]);

    [Theory]
    [MemberData(nameof(Products))]
    public void A_product_equals_that_of_libtorch(bool firstIsTransposed, bool secondIsTransposed, bool narrow)
    {
        Assert.SkipUnless(Blas.IsAvailable, "This build of libtorch has no matrix library to call.");
        const int Rows = 37;
        const int Inner = 21;
        const int Columns = 50;
        using var scope = torch.NewDisposeScope();
        using var generator = new torch.Generator(3);
        var first = Rounded(torch.randn([Rows, Inner], generator: generator), narrow);
        var second = Rounded(torch.randn([Inner, Columns], generator: generator), narrow);
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
            Columns,
            narrow ? ProductPrecision.BFloat16 : ProductPrecision.Full);
        GC.KeepAlive((storedFirst, storedSecond));
        TensorAssert.Close(first.mm(second), product, 1e-5, "product");
    }

    [Fact]
    public void Factors_are_rounded_to_the_nearest_bfloat16_and_not_a_number_stays_so()
    {
        const int Count = 41;
        using var scope = torch.NewDisposeScope();
        using var generator = new torch.Generator(4);
        var numbers = torch.randn([Count], generator: generator) * 1e3;
        numbers[0] = float.NaN;
        numbers[1] = float.NegativeInfinity;
        numbers[2] = BitConverter.UInt32BitsToSingle(0x3F808000);
        numbers[3] = BitConverter.UInt32BitsToSingle(0x3F818000);
        numbers[Count - 1] = BitConverter.UInt32BitsToSingle(0xFFFFFFFF);
        using var narrow = new BFloat16Memory(FloatMemory.Of(numbers), Count);
        fixed (ushort* bits = narrow)
        {
            var expected = numbers.to(torch.ScalarType.BFloat16).to(torch.ScalarType.Float32).data<float>().ToArray();
            for (int i = 0; i < Count; i++)
            {
                Assert.Equal(expected[i], BitConverter.UInt32BitsToSingle((uint)bits[i] << 16));
            }
        }

        GC.KeepAlive(numbers);
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

    private static torch.Tensor Rounded(torch.Tensor x, bool narrow) =>
        narrow ? x.to(torch.ScalarType.BFloat16).to(torch.ScalarType.Float32) : x;
}
