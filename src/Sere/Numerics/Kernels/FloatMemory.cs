using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>The numbers of a tensor in memory, for kernels.</summary>
internal static unsafe class FloatMemory
{
    /// <summary>
    /// The first number of a contiguous float32 tensor on the CPU. Who takes the pointer keeps the tensor alive with
    /// <see cref="GC.KeepAlive"/>: its finalizer frees the memory.
    /// </summary>
    /// <exception cref="ArgumentException">The tensor is of another kind, or too large for one span.</exception>
    public static float* Of(torch.Tensor tensor) => tensor.is_contiguous()
        ? OfFirst(tensor)
        : throw new ArgumentException("A kernel takes contiguous tensors.", nameof(tensor));

    /// <summary>The same of a tensor whose numbers need not follow each other.</summary>
    /// <exception cref="ArgumentException">The tensor is of another kind.</exception>
    public static float* OfFirst(torch.Tensor tensor)
    {
        if (tensor.dtype != torch.ScalarType.Float32 || tensor.device_type != DeviceType.CPU)
        {
            throw new ArgumentException("A kernel takes float32 tensors on the CPU.", nameof(tensor));
        }

        using var first = tensor.is_contiguous() ? null : tensor.as_strided([1], [1], tensor.storage_offset());
        return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference((first ?? tensor).bytes));
    }

    /// <summary>Up to a vector of numbers; those beyond <paramref name="count"/> are zero and not read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* source, int count) =>
        count >= Vector256<float>.Count ? Vector256.Load(source)
        : Avx.IsSupported ? Avx.MaskLoad(source, Mask(count))
        : LoadPart(source, count);

    /// <summary>Writes the first <paramref name="count"/> numbers of a vector, at most all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> value, float* target, int count)
    {
        if (count >= Vector256<float>.Count)
        {
            value.Store(target);
        }
        else if (Avx.IsSupported)
        {
            Avx.MaskStore(target, Mask(count), value);
        }
        else
        {
            StorePart(value, target, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Mask(int count) =>
        Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();

    private static Vector256<float> LoadPart(float* source, int count)
    {
        var value = Vector256<float>.Zero;
        for (int i = 0; i < count; i++)
        {
            value = value.WithElement(i, source[i]);
        }

        return value;
    }

    private static void StorePart(Vector256<float> value, float* target, int count)
    {
        for (int i = 0; i < count; i++)
        {
            target[i] = value.GetElement(i);
        }
    }
}

/// <summary>A copy of float32 numbers in bfloat16, rounded to the nearest, to the even one in the middle.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe ref struct BFloat16Memory : IDisposable
{
    private const uint Half = 0x7FFF;
    private const int LostBits = 16;
    private readonly ushort[] _numbers;

    /// <summary>Copies numbers.</summary>
    public BFloat16Memory(float* source, int count)
    {
        _numbers = ArrayPool<ushort>.Shared.Rent(count);
        Convert((uint*)source, _numbers, count);
    }

    /// <summary>The numbers, for a fixed statement.</summary>
    public ref ushort GetPinnableReference() => ref MemoryMarshal.GetArrayDataReference(_numbers);

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<ushort>.Shared.Return(_numbers);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Convert(uint* source, ushort[] numbers, int count)
    {
        fixed (ushort* target = numbers)
        {
            int i = 0;
            for (; i <= count - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
            {
                Vector256.Narrow(
                    Rounded(Vector256.Load(source + i)), Rounded(Vector256.Load(source + i + Vector256<uint>.Count)))
                    .Store(target + i);
            }

            for (; i < count; i++)
            {
                target[i] = (ushort)Rounded(Vector256.Create(source[i])).ToScalar();
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rounded(Vector256<uint> bits)
    {
        var lowest = (bits >> LostBits) & Vector256<uint>.One;
        var rounded = (bits + Vector256.Create(Half) + lowest) >> LostBits;

        // Rounding could carry not a number over to infinity or zero.
        var number = bits.AsSingle();
        return Vector256.ConditionalSelect(
            Vector256.Equals(number, number).AsUInt32(), rounded, Vector256.Create(0x7FC0u));
    }
}

/// <summary>The rows of a tensor [..., N] in memory, whose numbers lie side by side: a part of wider rows, too.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe struct RowMemory
{
    private readonly nint _start;
    private readonly long _stride;
    private readonly int _rows;

    private RowMemory(nint start, long stride, int rows)
    {
        _start = start;
        _stride = stride;
        _rows = rows;
    }

    /// <summary>The rows of a tensor, or of a copy where they do not follow each other at equal distances.</summary>
    /// <param name="tensor">[..., N].</param>
    /// <param name="alive">Keeps the memory alive: to be passed to <see cref="GC.KeepAlive"/>.</param>
    public static RowMemory Of(torch.Tensor tensor, out torch.Tensor alive)
    {
        alive = HasEqualDistances(tensor) ? tensor : tensor.contiguous();
        long[] shape = alive.shape;
        int rows = (int)(alive.numel() / shape[^1]);
        long stride = shape.Length == 1 ? 0 : alive.stride(shape.Length - 2);
        return new RowMemory((nint)FloatMemory.OfFirst(alive), stride, rows);
    }

    /// <summary>A row; beyond the last they begin again, so that one evidence serves K samples.</summary>
    public float* Row(int row) => (float*)_start + (row % _rows * _stride);

    private static bool HasEqualDistances(torch.Tensor tensor)
    {
        long[] shape = tensor.shape;
        long[] strides = tensor.stride();
        bool equal = strides[^1] == 1;
        for (int axis = 0; axis < shape.Length - 2; axis++)
        {
            equal &= strides[axis] == strides[axis + 1] * shape[axis + 1];
        }

        return equal;
    }
}
