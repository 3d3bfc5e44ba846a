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
