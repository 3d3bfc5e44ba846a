using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>
/// The log-likelihood of pixels under mixtures of discretized logistics, summed over the pixels that count, and its
/// gradient: one pass over the parameters each. The formulas stand at DiscretizedLogisticMixture.
/// </summary>
internal static unsafe class LogisticMixtureKernel
{
    // Rows whose sums a piece keeps while it goes through the blocks in the order of memory.
    private const int RowBlock = 8;

    /// <summary>The sum over blocks and pixels, in float64 between rows.</summary>
    /// <param name="shape">Channels, components, levels.</param>
    /// <param name="parameters">[S, K, B, P pixels], contiguous.</param>
    /// <param name="data">[S, B, C pixels], contiguous.</param>
    /// <param name="mask">[S, 1, C pixels], contiguous; that of the first channel is taken.</param>
    /// <returns>[K, B].</returns>
    public static torch.Tensor Forward(
        LogisticMixtureShape shape, torch.Tensor parameters, torch.Tensor data, torch.Tensor mask)
    {
        var rows = new Rows(shape, parameters, data, mask);
        var total = torch.empty([parameters.shape[1], parameters.shape[2]]);
        nint target = (nint)FloatMemory.Of(total);
        ParallelWork.For(rows.Pieces, parameters.numel(), piece =>
        {
            var kept = stackalloc Vector256<float>[shape.Kept];
            int first = piece * RowBlock;
            for (int row = first; row < Math.Min(first + RowBlock, rows.Count); row++)
            {
                double sum = 0;
                for (int block = 0; block < rows.Stack; block++)
                {
                    sum += SumRow(
                        shape, rows.Parameters(block, row), rows.Data(block, row), rows.Mask(block), rows.Pixels, kept);
                }

                ((float*)target)[row] = (float)sum;
            }
        });
        GC.KeepAlive((parameters, data, mask));
        return total;
    }

    /// <summary>The gradient of the parameters.</summary>
    /// <param name="shape">Channels, components, levels.</param>
    /// <param name="gradient">Gradient of the sums, [K, B], contiguous.</param>
    /// <param name="parameters">[S, K, B, P pixels], contiguous.</param>
    /// <param name="data">[S, B, C pixels], contiguous.</param>
    /// <param name="mask">[S, 1, C pixels], contiguous.</param>
    public static torch.Tensor Backward(
        LogisticMixtureShape shape,
        torch.Tensor gradient,
        torch.Tensor parameters,
        torch.Tensor data,
        torch.Tensor mask)
    {
        var rows = new Rows(shape, parameters, data, mask);
        var result = torch.empty_like(parameters);
        nint target = (nint)FloatMemory.Of(result);
        nint source = (nint)FloatMemory.Of(gradient);
        int pieces = rows.Pieces;
        ParallelWork.For(rows.Stack * pieces, parameters.numel(), piece =>
        {
            var kept = stackalloc Vector256<float>[shape.Kept];
            int block = piece / pieces;
            int first = piece % pieces * RowBlock;
            for (int row = first; row < Math.Min(first + RowBlock, rows.Count); row++)
            {
                GradientRow(
                    shape,
                    rows.Parameters(block, row),
                    rows.Data(block, row),
                    rows.Mask(block),
                    rows.Pixels,
                    kept,
                    ((float*)source)[row],
                    (float*)target + rows.Offset(block, row));
            }
        });
        GC.KeepAlive((gradient, parameters, data, mask));
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SumRow(
        LogisticMixtureShape shape, float* parameters, float* data, float* mask, int pixels, Vector256<float>* kept)
    {
        var sum = Vector256<float>.Zero;
        for (int i = 0; i < pixels; i += Vector256<float>.Count)
        {
            int count = Math.Min(Vector256<float>.Count, pixels - i);
            var mixture = new LogisticMixturePixels(shape, parameters + i, data + i, pixels, count);
            mixture.Evaluate(kept, withSlopes: false);
            sum += mixture.LogLikelihood * FloatMemory.Load(mask + i, count);
        }

        return Vector256.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GradientRow(
        LogisticMixtureShape shape,
        float* parameters,
        float* data,
        float* mask,
        int pixels,
        Vector256<float>* kept,
        float gradient,
        float* target)
    {
        for (int i = 0; i < pixels; i += Vector256<float>.Count)
        {
            int count = Math.Min(Vector256<float>.Count, pixels - i);
            var mixture = new LogisticMixturePixels(shape, parameters + i, data + i, pixels, count);
            mixture.Evaluate(kept, withSlopes: true);
            mixture.Gradient(kept, FloatMemory.Load(mask + i, count) * gradient, target + i);
        }
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly struct Rows
    {
        private readonly nint _parameters;
        private readonly nint _data;
        private readonly nint _mask;
        private readonly int _batch;
        private readonly int _width;
        private readonly int _channels;

        public Rows(LogisticMixtureShape shape, torch.Tensor parameters, torch.Tensor data, torch.Tensor mask)
        {
            _parameters = (nint)FloatMemory.Of(parameters);
            _data = (nint)FloatMemory.Of(data);
            _mask = (nint)FloatMemory.Of(mask);
            _batch = (int)parameters.shape[2];
            _width = (int)parameters.shape[3];
            _channels = shape.Channels;
            Stack = (int)parameters.shape[0];
            Count = (int)(parameters.shape[1] * parameters.shape[2]);
            Pixels = _width / shape.Parameters;
        }

        public int Stack { get; }

        public int Count { get; }

        public int Pixels { get; }

        public int Pieces => (Count + RowBlock - 1) / RowBlock;

        public long Offset(int block, int row) => (((long)block * Count) + row) * _width;

        public float* Parameters(int block, int row) => (float*)_parameters + Offset(block, row);

        public float* Data(int block, int row) =>
            (float*)_data + ((((long)block * _batch) + (row % _batch)) * _channels * Pixels);

        public float* Mask(int block) => (float*)_mask + ((long)block * _channels * Pixels);
    }
}
