using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>x logit - log(1 + e^logit), summed over the dimensions that count, and its gradient: one pass each.</summary>
internal static unsafe class BernoulliKernel
{
    // Rows whose sums a piece keeps while it goes through the blocks in the order of memory.
    private const int RowBlock = 64;

    /// <summary>The sum over blocks and dimensions, in float64 between blocks.</summary>
    /// <param name="logits">[S, K, B, D], contiguous.</param>
    /// <param name="data">[S, B, D], contiguous.</param>
    /// <param name="mask">[S, 1, D], contiguous.</param>
    /// <returns>[K, B].</returns>
    public static torch.Tensor Forward(torch.Tensor logits, torch.Tensor data, torch.Tensor mask)
    {
        var sizes = new Sizes(logits, data, mask);
        var total = torch.empty([logits.shape[1], logits.shape[2]]);
        nint target = (nint)FloatMemory.Of(total);
        ParallelWork.For(sizes.Pieces, logits.numel(), piece =>
        {
            int first = piece * RowBlock;
            int rows = Math.Min(RowBlock, sizes.Rows - first);
            double* sums = stackalloc double[RowBlock];
            new Span<double>(sums, RowBlock).Clear();
            for (int block = 0; block < sizes.Stack; block++)
            {
                for (int row = 0; row < rows; row++)
                {
                    sums[row] += SumRow(
                        sizes.Logits(block, first + row), sizes.Data(block, first + row), sizes.Mask(block), sizes.Width);
                }
            }

            for (int row = 0; row < rows; row++)
            {
                ((float*)target)[first + row] = (float)sums[row];
            }
        });
        GC.KeepAlive((logits, data, mask));
        return total;
    }

    /// <summary>The gradient of the logits, g (x - sigmoid(logit)) where the mask is 1.</summary>
    /// <param name="gradient">Gradient of the sums, [K, B], contiguous.</param>
    /// <param name="logits">[S, K, B, D], contiguous.</param>
    /// <param name="data">[S, B, D], contiguous.</param>
    /// <param name="mask">[S, 1, D], contiguous.</param>
    public static torch.Tensor Backward(torch.Tensor gradient, torch.Tensor logits, torch.Tensor data, torch.Tensor mask)
    {
        var sizes = new Sizes(logits, data, mask);
        var result = torch.empty_like(logits);
        nint target = (nint)FloatMemory.Of(result);
        nint source = (nint)FloatMemory.Of(gradient);
        int pieces = sizes.Pieces;
        ParallelWork.For(sizes.Stack * pieces, logits.numel(), piece =>
        {
            int block = piece / pieces;
            int first = piece % pieces * RowBlock;
            int last = Math.Min(first + RowBlock, sizes.Rows);
            for (int row = first; row < last; row++)
            {
                GradientRow(
                    sizes.Logits(block, row),
                    sizes.Data(block, row),
                    sizes.Mask(block),
                    ((float*)source)[row],
                    (float*)target + (((long)block * sizes.Rows) + row) * sizes.Width,
                    sizes.Width);
            }
        });
        GC.KeepAlive((gradient, logits, data, mask));
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SumRow(float* logits, float* data, float* mask, int width)
    {
        var sum = Vector256<float>.Zero;
        int i = 0;
        for (; i <= width - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            sum += LogProb(logits + i, data + i, mask + i, Vector256<float>.Count);
        }

        return Vector256.Sum(i < width ? sum + LogProb(logits + i, data + i, mask + i, width - i) : sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> LogProb(float* logits, float* data, float* mask, int count)
    {
        var logit = FloatMemory.Load(logits, count);
        return ((FloatMemory.Load(data, count) * logit) - VectorMath.Softplus(logit)) * FloatMemory.Load(mask, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GradientRow(float* logits, float* data, float* mask, float gradient, float* target, int width)
    {
        int i = 0;
        for (; i <= width - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            GradientVector(logits + i, data + i, mask + i, gradient, target + i, Vector256<float>.Count);
        }

        if (i < width)
        {
            GradientVector(logits + i, data + i, mask + i, gradient, target + i, width - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void GradientVector(float* logits, float* data, float* mask, float gradient, float* target, int count)
    {
        var slope = FloatMemory.Load(data, count) - VectorMath.Sigmoid(FloatMemory.Load(logits, count));
        FloatMemory.Store(slope * FloatMemory.Load(mask, count) * gradient, target, count);
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly struct Sizes
    {
        private readonly nint _logits;
        private readonly nint _data;
        private readonly nint _mask;
        private readonly int _batch;

        public Sizes(torch.Tensor logits, torch.Tensor data, torch.Tensor mask)
        {
            _logits = (nint)FloatMemory.Of(logits);
            _data = (nint)FloatMemory.Of(data);
            _mask = (nint)FloatMemory.Of(mask);
            Stack = (int)logits.shape[0];
            Rows = (int)(logits.shape[1] * logits.shape[2]);
            Width = (int)logits.shape[3];
            _batch = (int)logits.shape[2];
        }

        public int Stack { get; }

        public int Rows { get; }

        public int Width { get; }

        public int Pieces => (Rows + RowBlock - 1) / RowBlock;

        public float* Logits(int block, int row) => (float*)_logits + ((((long)block * Rows) + row) * Width);

        public float* Data(int block, int row) => (float*)_data + ((((long)block * _batch) + (row % _batch)) * Width);

        public float* Mask(int block) => (float*)_mask + ((long)block * Width);
    }
}
