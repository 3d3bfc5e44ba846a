using System.Numerics;
using System.Runtime.InteropServices;

namespace Sere.Storage;

/// <summary>An array of numbers as NumPy stores it, the last index running fastest; without sizes it is a single number.</summary>
/// <param name="type">The type of the elements.</param>
/// <param name="shape">The sizes, outermost first.</param>
/// <param name="data">The elements in the byte order of this machine.</param>
internal sealed class NpyArray(NpyType type, int[] shape, byte[] data)
{
    public NpyArray(float[] values, params int[] shape)
        : this(NpyType.Float32, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray())
    {
    }

    public NpyArray(byte[] values, params int[] shape)
        : this(NpyType.UInt8, shape, values)
    {
    }

    public NpyType Type => type;

    public IReadOnlyList<int> Shape => shape;

    public int Length => data.Length / type.Size;

    public ReadOnlySpan<byte> Data => data;

    /// <summary>Each element or the nearest number of 32 bits; float64 beyond their range becomes infinite, true is 1.</summary>
    public float[] ToSingles() => type.ToSingles(data);

    /// <summary>
    /// The elements where each is a whole number from 0 to 255 (true is 1), else null. They are the array's own where it
    /// holds bytes, so that it is not to be used any more where they are changed.
    /// </summary>
    public byte[]? ToBytes() => type.Size == 1 && type.Code[0] != 'i' ? data : type.ToBytes(data);
}

/// <summary>A type of numbers that an array may hold: booleans, integers and floating-point numbers of up to 64 bits.</summary>
/// <param name="Code">Its name in a file, without the byte order.</param>
/// <param name="Size">Bytes of an element.</param>
/// <param name="ToSingles">See <see cref="NpyArray.ToSingles"/>.</param>
/// <param name="ToBytes">See <see cref="NpyArray.ToBytes"/>.</param>
internal sealed record NpyType(string Code, int Size, Func<byte[], float[]> ToSingles, Func<byte[], byte[]?> ToBytes)
{
    private static readonly NpyType[] All =
    [
        Of<byte>("b1"), Of<byte>("u1"), Of<sbyte>("i1"), Of<ushort>("u2"), Of<short>("i2"), Of<uint>("u4"), Of<int>("i4"),
        Of<ulong>("u8"), Of<long>("i8"), Of<Half>("f2"), Of<float>("f4"), Of<double>("f8"),
    ];

    public static NpyType Boolean { get; } = Find("b1")!;

    public static NpyType UInt8 { get; } = Find("u1")!;

    public static NpyType Float32 { get; } = Find("f4")!;

    public bool IsFloat => Code[0] == 'f';

    /// <summary>The type with its byte order, which is this machine's: "&lt;f4".</summary>
    public string Descriptor => (Size == 1 ? '|' : BitConverter.IsLittleEndian ? '<' : '>') + Code;

    public static NpyType? Find(string code) =>
        Array.Find(All, type => string.Equals(type.Code, code, StringComparison.Ordinal));

    private static NpyType Of<T>(string code)
        where T : unmanaged, INumberBase<T> =>
        new(code, Marshal.SizeOf<T>(), Singles<T>, Bytes<T>);

    private static float[] Singles<T>(byte[] data)
        where T : unmanaged, INumberBase<T>
    {
        ReadOnlySpan<T> elements = MemoryMarshal.Cast<byte, T>(data);
        float[] singles = new float[elements.Length];
        for (int i = 0; i < singles.Length; i++)
        {
            singles[i] = float.CreateTruncating(elements[i]);
        }

        return singles;
    }

    private static byte[]? Bytes<T>(byte[] data)
        where T : unmanaged, INumberBase<T>
    {
        ReadOnlySpan<T> elements = MemoryMarshal.Cast<byte, T>(data);
        byte[] bytes = new byte[elements.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = byte.CreateSaturating(elements[i]);
            if (T.CreateSaturating(bytes[i]) != elements[i])
            {
                return null;
            }
        }

        return bytes;
    }
}
