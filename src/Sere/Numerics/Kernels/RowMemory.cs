using System.Runtime.InteropServices;
using TorchSharp;

namespace Sere.Numerics.Kernels;

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
