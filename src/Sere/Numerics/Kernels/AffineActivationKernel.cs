using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>
/// What follows the matrix products of S stacked layers: y = a(product + bias + addend), in one pass in place, and its
/// gradient, in one pass with the bias's.
/// </summary>
internal static unsafe class AffineActivationKernel
{
    // Columns that a piece of the backward pass sums, so that a single layer can be shared among threads too.
    private const int ColumnBlock = 128;

    /// <summary>y = a(y + bias + addend), in place.</summary>
    /// <typeparam name="TActivation">a.</typeparam>
    /// <param name="y">Products, [S, R, H], contiguous.</param>
    /// <param name="bias">[S, 1, H], contiguous; or null.</param>
    /// <param name="addend">[S, B, H], contiguous, where R is a multiple of B; or null.</param>
    public static void Forward<TActivation>(torch.Tensor y, torch.Tensor? bias, torch.Tensor? addend)
        where TActivation : IActivationKernel
    {
        var (stack, rows, width) = Sizes(y);
        int addendRows = addend is null ? 1 : (int)(addend.numel() / ((long)stack * width));
        nint values = (nint)FloatMemory.Of(y);
        nint biases = bias is null ? 0 : (nint)FloatMemory.Of(bias);
        nint addends = addend is null ? 0 : (nint)FloatMemory.Of(addend);
        int blocks = rows >= 64 ? 4 : 1;
        ParallelWork.For(stack * blocks, y.numel(), piece =>
        {
            int layer = piece / blocks;
            int from = (int)((long)rows * (piece % blocks) / blocks);
            int to = (int)((long)rows * ((piece % blocks) + 1) / blocks);
            float* shift = biases == 0 ? null : (float*)biases + ((long)layer * width);
            for (int row = from; row < to; row++)
            {
                float* value = (float*)values + ((((long)layer * rows) + row) * width);
                float* more = addends == 0
                    ? null
                    : (float*)addends + ((((long)layer * addendRows) + (row % addendRows)) * width);
                ForwardRow<TActivation>(value, shift, more, width);
            }
        });
        GC.KeepAlive((y, bias, addend));
    }

    /// <summary>The gradient before the activation, g a'(x), and its sum over rows.</summary>
    /// <typeparam name="TActivation">a.</typeparam>
    /// <param name="gradient">Gradient of y, [S, R, H], contiguous.</param>
    /// <param name="y">The values of the forward pass; not read for the identity.</param>
    /// <returns>[S, R, H] (the gradient itself for the identity) and [S, 1, H].</returns>
    public static (torch.Tensor Before, torch.Tensor Bias) Backward<TActivation>(torch.Tensor gradient, torch.Tensor? y)
        where TActivation : IActivationKernel
    {
        var (stack, rows, width) = Sizes(gradient);
        var before = y is null ? gradient : torch.empty_like(gradient);
        var bias = torch.empty([stack, 1, width]);
        nint source = (nint)FloatMemory.Of(gradient);
        nint values = y is null ? 0 : (nint)FloatMemory.Of(y);
        nint target = (nint)FloatMemory.Of(before);
        nint sums = (nint)FloatMemory.Of(bias);
        int blocks = (width + ColumnBlock - 1) / ColumnBlock;
        ParallelWork.For(stack * blocks, gradient.numel(), piece =>
        {
            long layer = piece / blocks;
            int first = piece % blocks * ColumnBlock;
            int columns = Math.Min(ColumnBlock, width - first);
            long offset = (layer * rows * width) + first;
            BackwardColumns<TActivation>(
                (float*)source + offset,
                values == 0 ? null : (float*)values + offset,
                (float*)target + offset,
                (float*)sums + (layer * width) + first,
                rows,
                width,
                columns);
        });
        GC.KeepAlive((gradient, y));
        return (before, bias);
    }

    private static (int Stack, int Rows, int Width) Sizes(torch.Tensor y)
    {
        long[] shape = y.shape;
        return shape.Length == 3 ? ((int)shape[0], (int)shape[1], (int)shape[2]) : (1, (int)shape[0], (int)shape[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ForwardRow<TActivation>(float* value, float* bias, float* addend, int width)
        where TActivation : IActivationKernel
    {
        int i = 0;
        for (; i <= width - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            ForwardVector<TActivation>(value, bias, addend, i, Vector256<float>.Count);
        }

        if (i < width)
        {
            ForwardVector<TActivation>(value, bias, addend, i, width - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ForwardVector<TActivation>(float* value, float* bias, float* addend, int i, int count)
        where TActivation : IActivationKernel
    {
        var x = FloatMemory.Load(value + i, count);
        if (bias != null)
        {
            x += FloatMemory.Load(bias + i, count);
        }

        if (addend != null)
        {
            x += FloatMemory.Load(addend + i, count);
        }

        FloatMemory.Store(TActivation.Value(x), value + i, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackwardColumns<TActivation>(
        float* gradient,
        float* value,
        float* before,
        float* bias,
        int rows,
        int width,
        int columns)
        where TActivation : IActivationKernel
    {
        float* sums = stackalloc float[ColumnBlock + Vector256<float>.Count];
        new Span<float>(sums, ColumnBlock + Vector256<float>.Count).Clear();
        for (int row = 0; row < rows; row++)
        {
            long start = (long)row * width;
            float* values = value == null ? null : value + start;
            int i = 0;
            for (; i <= columns - Vector256<float>.Count; i += Vector256<float>.Count)
            {
                BackwardVector<TActivation>(gradient + start, values, before + start, sums, i, Vector256<float>.Count);
            }

            if (i < columns)
            {
                BackwardVector<TActivation>(gradient + start, values, before + start, sums, i, columns - i);
            }
        }

        new Span<float>(sums, columns).CopyTo(new Span<float>(bias, columns));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BackwardVector<TActivation>(
        float* gradient,
        float* value,
        float* before,
        float* sums,
        int i,
        int count)
        where TActivation : IActivationKernel
    {
        var slope = FloatMemory.Load(gradient + i, count);
        if (value != null)
        {
            slope *= TActivation.Slope(FloatMemory.Load(value + i, count));
            FloatMemory.Store(slope, before + i, count);
        }

        (Vector256.Load(sums + i) + slope).Store(sums + i);
    }
}
