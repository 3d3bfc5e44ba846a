using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using TorchSharp;

namespace Sere.Kernels;

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

/// <summary>The rows of a tensor [..., N] in memory, whose numbers lie side by side: a part of wider rows, too.</summary>
internal sealed unsafe class RowMemory
{
    // Who reads the rows keeps them alive, and they the memory.
    private readonly torch.Tensor _tensor;
    private readonly float* _start;
    private readonly long _stride;
    private readonly int _rows;

    /// <summary>The rows of a tensor, or of a copy where they do not follow each other at equal distances.</summary>
    public RowMemory(torch.Tensor tensor)
    {
        _tensor = HasEqualDistances(tensor) ? tensor : tensor.contiguous();
        long[] shape = _tensor.shape;
        _rows = (int)(_tensor.numel() / shape[^1]);
        _stride = shape.Length == 1 ? 0 : _tensor.stride(shape.Length - 2);
        _start = FloatMemory.OfFirst(_tensor);
    }

    /// <summary>A row; beyond the last they begin again, so that one evidence serves K samples.</summary>
    public float* Row(int row) => _start + (row % _rows * _stride);

    /// <summary>Whether its rows follow each other at equal distances, and the numbers of each side by side.</summary>
    public static bool HasEqualDistances(torch.Tensor tensor)
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
