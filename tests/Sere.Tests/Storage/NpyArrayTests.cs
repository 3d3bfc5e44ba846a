using System.Runtime.InteropServices;
using Sere.Storage;
using Xunit;

namespace Sere.Tests.Storage;

public sealed class NpyArrayTests
{
    [Fact]
    public void An_array_keeps_its_own_copy_of_values_and_shape()
    {
        float[] values = [1, 2];
        int[] shape = [2];
        var array = new NpyArray(values, shape);
        values[0] = 7;
        shape[0] = 9;
        array.ToSingles()[1] = 8;
        Assert.Equal([1f, 2f], array.ToSingles());
        Assert.Equal([2], array.Shape);
        var bytes = new NpyArray(new byte[] { 5 }, 1);
        bytes.ToBytes()![0] = 6;
        Assert.Equal([5], bytes.ToBytes());
    }

    [Theory]
    [InlineData(6, new[] { 2, 3 }, true)]
    [InlineData(1, new int[0], true)]
    [InlineData(0, new[] { 0 }, true)]
    [InlineData(0, new[] { 2, 0, 7 }, true)]
    [InlineData(6, new int[0], false)]
    [InlineData(0, new int[0], false)]
    [InlineData(6, new[] { 5 }, false)]
    [InlineData(6, new[] { -2, -3 }, false)]
    [InlineData(0, new[] { -1, 0 }, false)]
    [InlineData(0, new[] { 65536, 65536 }, false)]
    [InlineData(0, new[] { int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue }, false)]
    public void The_sizes_have_to_fit_the_values(int count, int[] shape, bool fits)
    {
        Exception?[] errors =
        [
            Record.Exception(() => new NpyArray(new float[count], shape)),
            Record.Exception(() => new NpyArray(new byte[count], shape)),
        ];
        Assert.All(errors, error => Assert.True(fits ? error is null : error is ArgumentException));
    }

    [Fact]
    public void An_array_has_at_most_64_sizes()
    {
        int[] shape = [.. Enumerable.Repeat(1, 64)];
        Assert.Equal(64, new NpyArray([1f], shape).Shape.Count);
        Assert.Throws<ArgumentException>(() => new NpyArray([1f], [.. shape, 1]));
    }

    [Fact]
    public void Numbers_that_single_precision_lacks_become_the_nearest()
    {
        AssertSingles(
            NpyElementType.Float64,
            [0.1, 1e300, -1e300, 1e-300, double.NaN],
            [0.1f, float.PositiveInfinity, float.NegativeInfinity, 0, float.NaN]);
        // Rounded to float64 first, the last would fall on the middle of two and go to the even one below.
        AssertSingles(
            NpyElementType.Int64,
            [16777217L, long.MaxValue, (1L << 60) + (1L << 36) + 1],
            [16777216, 9.223372e18f, 1.15292164e18f]);
        AssertSingles(NpyElementType.UInt64, [ulong.MaxValue, 16777219ul], [1.8446744e19f, 16777220]);
        AssertSingles(NpyElementType.UInt32, [uint.MaxValue], [4294967296]);
        AssertSingles(
            NpyElementType.Float16,
            [Half.MaxValue, Half.Epsilon, Half.NegativeInfinity],
            [65504, 5.9604645e-8f, float.NegativeInfinity]);
    }

    [Fact]
    public void Whole_numbers_from_0_to_255_of_any_type_become_bytes()
    {
        AssertBytes<byte>(NpyElementType.Boolean, [0, 1], [0, 1]);
        AssertBytes<byte>(NpyElementType.UInt8, [0, 255], [0, 255]);
        AssertBytes<sbyte>(NpyElementType.Int8, [0, 127], [0, 127]);
        AssertBytes<ushort>(NpyElementType.UInt16, [0, 255], [0, 255]);
        AssertBytes<short>(NpyElementType.Int16, [0, 255], [0, 255]);
        AssertBytes<uint>(NpyElementType.UInt32, [0, 255], [0, 255]);
        AssertBytes(NpyElementType.Int32, [0, 255], [0, 255]);
        AssertBytes<ulong>(NpyElementType.UInt64, [0, 255], [0, 255]);
        AssertBytes<long>(NpyElementType.Int64, [0, 255], [0, 255]);
        AssertBytes(NpyElementType.Float16, [Half.NegativeZero, (Half)255], [0, 255]);
        AssertBytes(NpyElementType.Float32, [-0f, 255f, 3f], [0, 255, 3]);
        AssertBytes(NpyElementType.Float64, [-0d, 255d, 3d], [0, 255, 3]);
    }

    [Fact]
    public void One_number_that_is_no_byte_makes_all_of_them_none()
    {
        AssertBytes<sbyte>(NpyElementType.Int8, [0, -1], null);
        AssertBytes<ushort>(NpyElementType.UInt16, [256], null);
        AssertBytes<short>(NpyElementType.Int16, [-1, 3], null);
        AssertBytes<uint>(NpyElementType.UInt32, [uint.MaxValue], null);
        AssertBytes(NpyElementType.Int32, [256], null);
        AssertBytes<ulong>(NpyElementType.UInt64, [1UL << 32], null);
        AssertBytes(NpyElementType.Int64, [1L << 32], null);
        AssertBytes(NpyElementType.Float16, [(Half)0.5], null);
        AssertBytes(NpyElementType.Float32, [float.NaN], null);
        AssertBytes(NpyElementType.Float32, [255.5f], null);
        AssertBytes(NpyElementType.Float64, [1, 0.999999999999], null);
        AssertBytes(NpyElementType.Float64, [double.PositiveInfinity], null);
    }

    private static void AssertSingles<T>(NpyElementType type, T[] values, float[] expected)
        where T : unmanaged =>
        Assert.Equal(expected, Of(type, values).ToSingles());

    private static void AssertBytes<T>(NpyElementType type, T[] values, byte[]? expected)
        where T : unmanaged =>
        Assert.Equal(expected, Of(type, values).ToBytes());

    private static NpyArray Of<T>(NpyElementType type, T[] values)
        where T : unmanaged =>
        new(type, [values.Length], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
}
