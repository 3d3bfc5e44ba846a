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
