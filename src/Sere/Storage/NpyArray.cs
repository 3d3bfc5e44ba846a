using System.Numerics;
using System.Runtime.InteropServices;

namespace Sere.Storage;

/// <summary>
/// An array of numbers as NumPy stores it: a type, a shape and the elements, the last index running fastest. An array
/// without sizes is a single number.
/// </summary>
public sealed class NpyArray
{
    // In the byte order of this machine.
    private readonly byte[] _data;
    private readonly int[] _shape;

    /// <summary>Copies floating-point numbers of 32 bits into an array.</summary>
    /// <param name="values">The elements, the last index running fastest.</param>
    /// <param name="shape">
    /// The sizes, at most 64, whose product is the number of elements; none for a single number.
    /// </param>
    /// <exception cref="ArgumentException">The sizes do not fit the elements, or take more than 2 GB.</exception>
    public NpyArray(float[] values, params int[] shape)
        : this(NpyElementType.Float32, shape, Copy(NpyElementType.Float32, values, shape))
    {
    }

    /// <summary>Copies bytes into an array.</summary>
    /// <param name="values">The elements, the last index running fastest.</param>
    /// <param name="shape">
    /// The sizes, at most 64, whose product is the number of elements; none for a single number.
    /// </param>
    /// <exception cref="ArgumentException">The sizes do not fit the elements.</exception>
    public NpyArray(byte[] values, params int[] shape)
        : this(NpyElementType.UInt8, shape, Copy(NpyElementType.UInt8, values, shape))
    {
    }

    /// <summary>Takes over elements that fit the type and the shape.</summary>
    internal NpyArray(NpyElementType type, int[] shape, byte[] data)
    {
        Type = type;
        _shape = [.. shape];
        _data = data;
    }

    /// <summary>The type of the elements.</summary>
    public NpyElementType Type { get; }

    /// <summary>The sizes, outermost first; none for a single number.</summary>
    public IReadOnlyList<int> Shape => _shape;

    /// <summary>The number of elements.</summary>
    public int Length => _data.Length / NpyElementTypes.SizeOf(Type);

    /// <summary>The elements in the byte order of this machine.</summary>
    internal ReadOnlySpan<byte> Data => _data;

    /// <summary>
    /// The elements as floating-point numbers of 32 bits, the last index running fastest. Those that have none of their
    /// own become the nearest; float64 beyond their range becomes infinite; true is 1.
    /// </summary>
    public float[] ToSingles() => Type switch
    {
        NpyElementType.Boolean or NpyElementType.UInt8 => ToSingles<byte>(),
        NpyElementType.Int8 => ToSingles<sbyte>(),
        NpyElementType.UInt16 => ToSingles<ushort>(),
        NpyElementType.Int16 => ToSingles<short>(),
        NpyElementType.UInt32 => ToSingles<uint>(),
        NpyElementType.Int32 => ToSingles<int>(),
        NpyElementType.UInt64 => ToSingles<ulong>(),
        NpyElementType.Int64 => ToSingles<long>(),
        NpyElementType.Float16 => ToSingles<Half>(),
        NpyElementType.Float32 => MemoryMarshal.Cast<byte, float>(_data).ToArray(),
        NpyElementType.Float64 => ToSingles<double>(),
    };

    /// <summary>
    /// The elements as bytes, the last index running fastest, where each is a whole number from 0 to 255 (true is 1);
    /// null where one is not.
    /// </summary>
    public byte[]? ToBytes() => Type switch
    {
        NpyElementType.Boolean or NpyElementType.UInt8 => [.. _data],
        NpyElementType.Int8 => ToBytes<sbyte>(),
        NpyElementType.UInt16 => ToBytes<ushort>(),
        NpyElementType.Int16 => ToBytes<short>(),
        NpyElementType.UInt32 => ToBytes<uint>(),
        NpyElementType.Int32 => ToBytes<int>(),
        NpyElementType.UInt64 => ToBytes<ulong>(),
        NpyElementType.Int64 => ToBytes<long>(),
        NpyElementType.Float16 => ToBytes<Half>(),
        NpyElementType.Float32 => ToBytes<float>(),
        NpyElementType.Float64 => ToBytes<double>(),
    };

    /// <summary>As <see cref="ToBytes"/>, without a copy where the array holds bytes; it is not to be used afterwards.</summary>
    internal byte[]? TakeBytes() => Type is NpyElementType.Boolean or NpyElementType.UInt8 ? _data : ToBytes();

    private static byte[] Copy<T>(NpyElementType type, T[] values, int[] shape)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(shape);
        ReadOnlySpan<T> elements = values;
        return shape.Length <= NpyHeader.MaximumDimensions && !shape.AsSpan().ContainsAnyInRange(int.MinValue, -1)
            && NpyHeader.CountBytes(type, shape) is { } length && length / NpyElementTypes.SizeOf(type) == values.Length
            ? MemoryMarshal.AsBytes(elements).ToArray()
            : throw new ArgumentException(
                $"{values.Length} values do not fill an array of the shape [{string.Join(", ", shape)}].", nameof(shape));
    }

    private float[] ToSingles<T>()
        where T : unmanaged, INumberBase<T>
    {
        ReadOnlySpan<T> elements = MemoryMarshal.Cast<byte, T>(_data);
        float[] singles = new float[elements.Length];
        for (int i = 0; i < singles.Length; i++)
        {
            singles[i] = float.CreateTruncating(elements[i]);
        }

        return singles;
    }

    private byte[]? ToBytes<T>()
        where T : unmanaged, INumberBase<T>
    {
        ReadOnlySpan<T> elements = MemoryMarshal.Cast<byte, T>(_data);
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

/// <summary>The types of numbers that an array of a NumPy file may hold.</summary>
public enum NpyElementType
{
    /// <summary>True or false, one byte each.</summary>
    Boolean,

    /// <summary>Whole numbers from 0 to 255.</summary>
    UInt8,

    /// <summary>Whole numbers of 8 bits with a sign.</summary>
    Int8,

    /// <summary>Whole numbers of 16 bits without a sign.</summary>
    UInt16,

    /// <summary>Whole numbers of 16 bits with a sign.</summary>
    Int16,

    /// <summary>Whole numbers of 32 bits without a sign.</summary>
    UInt32,

    /// <summary>Whole numbers of 32 bits with a sign.</summary>
    Int32,

    /// <summary>Whole numbers of 64 bits without a sign.</summary>
    UInt64,

    /// <summary>Whole numbers of 64 bits with a sign.</summary>
    Int64,

    /// <summary>Floating-point numbers of 16 bits.</summary>
    Float16,

    /// <summary>Floating-point numbers of 32 bits.</summary>
    Float32,

    /// <summary>Floating-point numbers of 64 bits.</summary>
    Float64,
}

/// <summary>The element types with their codes in the header of an npy file and their sizes in bytes.</summary>
internal static class NpyElementTypes
{
    private static readonly (NpyElementType Type, string Code, int Size)[] All =
    [
        (NpyElementType.Boolean, "b1", 1),
        (NpyElementType.UInt8, "u1", 1),
        (NpyElementType.Int8, "i1", 1),
        (NpyElementType.UInt16, "u2", 2),
        (NpyElementType.Int16, "i2", 2),
        (NpyElementType.UInt32, "u4", 4),
        (NpyElementType.Int32, "i4", 4),
        (NpyElementType.UInt64, "u8", 8),
        (NpyElementType.Int64, "i8", 8),
        (NpyElementType.Float16, "f2", 2),
        (NpyElementType.Float32, "f4", 4),
        (NpyElementType.Float64, "f8", 8),
    ];

    /// <summary>The size of one element in bytes.</summary>
    public static int SizeOf(NpyElementType type) => Array.Find(All, known => known.Type == type).Size;

    /// <summary>What the header calls the type in the byte order of this machine, such as "&lt;f4".</summary>
    public static string DescriptorOf(NpyElementType type)
    {
        (_, string code, int size) = Array.Find(All, known => known.Type == type);
        char order = size == 1 ? '|' : BitConverter.IsLittleEndian ? '<' : '>';
        return order + code;
    }

    /// <summary>The type that a header names, in this machine's order where it says none, and whether its bytes are in the other order than this machine's.</summary>
    /// <exception cref="NotSupportedException">
    /// It names another type; the message says so in words that fit behind "because".
    /// </exception>
    public static (NpyElementType Type, bool Swapped) Find(string descriptor)
    {
        foreach ((NpyElementType type, string code, int size) in All)
        {
            if (descriptor.Length is 2 or 3 && descriptor.EndsWith(code, StringComparison.Ordinal))
            {
                switch (descriptor.Length == 2 ? '=' : descriptor[0])
                {
                    case '<':
                        return (type, size > 1 && !BitConverter.IsLittleEndian);
                    case '>':
                        return (type, size > 1 && BitConverter.IsLittleEndian);
                    case '=':
                    case '|' when size == 1:
                        return (type, false);
                }
            }
        }

        throw new NotSupportedException(
            descriptor.TrimStart('<', '>', '=', '|').StartsWith('O')
                ? "it holds Python objects, and to load those is to run code that came with the file"
                : $"its element type {QuotedText.Of(descriptor)} is no boolean, integer or floating-point type of up to "
                    + "64 bits in a known byte order");
    }
}

/// <summary>Brings arrays whose first index runs fastest into the order in which the last one does.</summary>
internal static class FortranOrder
{
    /// <summary>The same array, last index fastest.</summary>
    /// <param name="data">The elements, first index fastest.</param>
    /// <param name="elementSize">The bytes of an element: 1, 2, 4 or 8.</param>
    /// <param name="shape">The sizes of the array.</param>
    /// <returns>The elements in the new order; <paramref name="data"/> itself where the two orders are one.</returns>
    public static byte[] ToRowMajor(byte[] data, int elementSize, int[] shape)
    {
        // Sizes of 1 take no part in an order.
        int[] sizes = [.. shape.Where(size => size > 1)];
        if (data.Length == 0 || sizes.Length < 2)
        {
            return data;
        }

        byte[] ordered = new byte[data.Length];
        switch (elementSize)
        {
            case sizeof(byte):
                Transpose<byte>(data, ordered, sizes);
                break;
            case sizeof(ushort):
                Transpose(MemoryMarshal.Cast<byte, ushort>(data), MemoryMarshal.Cast<byte, ushort>(ordered.AsSpan()), sizes);
                break;
            case sizeof(uint):
                Transpose(MemoryMarshal.Cast<byte, uint>(data), MemoryMarshal.Cast<byte, uint>(ordered.AsSpan()), sizes);
                break;
            default:
                Transpose(MemoryMarshal.Cast<byte, ulong>(data), MemoryMarshal.Cast<byte, ulong>(ordered.AsSpan()), sizes);
                break;
        }

        return ordered;
    }

    private static void Transpose<T>(ReadOnlySpan<T> source, Span<T> target, int[] sizes)
    {
        int[] strides = new int[sizes.Length];
        strides[0] = 1;
        for (int i = 1; i < sizes.Length; i++)
        {
            strides[i] = strides[i - 1] * sizes[i - 1];
        }

        int[] index = new int[sizes.Length];
        int place = 0;
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = source[place];
            for (int dimension = sizes.Length - 1; dimension >= 0; dimension--)
            {
                place += strides[dimension];
                if (++index[dimension] < sizes[dimension])
                {
                    break;
                }

                place -= strides[dimension] * sizes[dimension];
                index[dimension] = 0;
            }
        }
    }
}
