using System.Runtime.InteropServices;
using Sere.Storage;
using Xunit;

namespace Sere.Tests.Storage;

public sealed class NpyArrayTests
{
    [Fact]
    public void Numbers_that_single_precision_lacks_become_the_nearest()
    {
        AssertSingles(
            "f8",
            [0.1, 1e300, -1e300, 1e-300, double.NaN],
            [0.1f, float.PositiveInfinity, float.NegativeInfinity, 0, float.NaN]);
        // Rounded to float64 first, the last would fall on the middle of two and go to the even one below.
        AssertSingles(
            "i8",
            [16777217L, long.MaxValue, (1L << 60) + (1L << 36) + 1],
            [16777216, 9.223372e18f, 1.15292164e18f]);
        AssertSingles("u8", [ulong.MaxValue, 16777219ul], [1.8446744e19f, 16777220]);
        AssertSingles("u4", [uint.MaxValue], [4294967296]);
        AssertSingles(
            "f2",
            [Half.MaxValue, Half.Epsilon, Half.NegativeInfinity],
            [65504, 5.9604645e-8f, float.NegativeInfinity]);
    }

    [Fact]
    public void Whole_numbers_from_0_to_255_of_any_type_become_bytes()
    {
        AssertBytes<byte>("b1", [0, 1], [0, 1]);
        AssertBytes<byte>("u1", [0, 255], [0, 255]);
        AssertBytes<sbyte>("i1", [0, 127], [0, 127]);
        AssertBytes<ushort>("u2", [0, 255], [0, 255]);
        AssertBytes<short>("i2", [0, 255], [0, 255]);
        AssertBytes<uint>("u4", [0, 255], [0, 255]);
        AssertBytes("i4", [0, 255], [0, 255]);
        AssertBytes<ulong>("u8", [0, 255], [0, 255]);
        AssertBytes<long>("i8", [0, 255], [0, 255]);
        AssertBytes("f2", [Half.NegativeZero, (Half)255], [0, 255]);
        AssertBytes("f4", [-0f, 255f, 3f], [0, 255, 3]);
        AssertBytes("f8", [-0d, 255d, 3d], [0, 255, 3]);
    }

    [Fact]
    public void One_number_that_is_no_byte_makes_all_of_them_none()
    {
        AssertBytes<sbyte>("i1", [0, -1], null);
        AssertBytes<ushort>("u2", [256], null);
        AssertBytes<short>("i2", [-1, 3], null);
        AssertBytes<uint>("u4", [uint.MaxValue], null);
        AssertBytes("i4", [256], null);
        AssertBytes<ulong>("u8", [1UL << 32], null);
        AssertBytes("i8", [1L << 32], null);
        AssertBytes("f2", [(Half)0.5], null);
        AssertBytes("f4", [float.NaN], null);
        AssertBytes("f4", [255.5f], null);
        AssertBytes("f8", [1, 0.999999999999], null);
        AssertBytes("f8", [double.PositiveInfinity], null);
    }

    private static void AssertSingles<T>(string type, T[] values, float[] expected)
        where T : unmanaged =>
        Assert.Equal(expected, Of(type, values).ToSingles());

    private static void AssertBytes<T>(string type, T[] values, byte[]? expected)
        where T : unmanaged =>
        Assert.Equal(expected, Of(type, values).ToBytes());

    private static NpyArray Of<T>(string type, T[] values)
        where T : unmanaged =>
        new(NpyType.Find(type)!, [values.Length], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
}
