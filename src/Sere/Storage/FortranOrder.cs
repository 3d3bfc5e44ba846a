using System.Runtime.InteropServices;

namespace Sere.Storage;

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
