using System.Runtime.InteropServices;
using TorchSharp;

namespace Sere.Kernels;

/// <summary>
/// The log-likelihood of blocks of data from their parameters, summed in the pass that computes it over the dimensions that
/// count: what all families share. Data and mask have no gradient.
/// </summary>
internal abstract unsafe class BlockLogLikelihood : FusedOperation
{
    /// <summary>Rows whose sums a piece keeps while it goes through the blocks in the order of memory.</summary>
    protected abstract int RowBlock { get; }

    /// <summary>Numbers that a row takes beside its own.</summary>
    protected virtual int Scratch => 0;

    /// <summary>The sums [K, B] of parameters [S, K, B, P], data [S, B, D] and mask [S, 1, D].</summary>
    protected torch.Tensor Sum(torch.Tensor parameters, torch.Tensor data, torch.Tensor mask) =>
        Run(parameters.contiguous(), data.contiguous(), mask.contiguous())[0];

    /// <summary>The sums of all rows, [K, B], on a CUDA device.</summary>
    protected abstract void SumOnCuda(BlockSizes sizes, IReadOnlyList<torch.Tensor> inputs, torch.Tensor total);

    /// <summary>The gradient of all parameters from that of the sums, on a CUDA device.</summary>
    protected abstract void GradientOnCuda(
        BlockSizes sizes, IReadOnlyList<torch.Tensor> inputs, torch.Tensor gradient, torch.Tensor result);

    /// <summary>The sum of a row.</summary>
    protected abstract float SumRow(in Row row, float* scratch);

    /// <summary>The gradient of a row's parameters from that of its sum.</summary>
    protected abstract void GradientRow(in Row row, float* scratch, float gradient, float* target);

    /// <summary>The sums over blocks are in float64.</summary>
    protected sealed override (torch.Tensor[] Results, torch.Tensor[] Kept) Forward(torch.Tensor?[] inputs)
    {
        torch.Tensor[] kept = [.. inputs!];
        var total = torch.empty([kept[0].shape[1], kept[0].shape[2]], device: kept[0].device);
        if (total.device_type == DeviceType.CUDA)
        {
            SumOnCuda(new BlockSizes(kept), kept, total);
            return ([total], kept);
        }

        var rows = new Rows(kept);
        float* target = FloatMemory.Of(total);
        ParallelWork.For(Pieces(rows), kept[0].numel(), piece =>
        {
            int first = piece * RowBlock;
            int count = Math.Min(RowBlock, rows.Count - first);
            float* scratch = stackalloc float[Scratch];
            double* sums = stackalloc double[count];
            new Span<double>(sums, count).Clear();
            for (int block = 0; block < rows.Stack; block++)
            {
                for (int row = 0; row < count; row++)
                {
                    sums[row] += SumRow(rows.At(block, first + row), scratch);
                }
            }

            for (int row = 0; row < count; row++)
            {
                target[first + row] = (float)sums[row];
            }
        });
        GC.KeepAlive(kept);
        return ([total], kept);
    }

    /// <inheritdoc/>
    protected sealed override torch.Tensor?[] Backward(List<torch.Tensor> kept, List<torch.Tensor> gradients)
    {
        var gradient = gradients[0].contiguous();
        var result = torch.empty_like(kept[0]);
        if (result.device_type == DeviceType.CUDA)
        {
            GradientOnCuda(new BlockSizes(kept), kept, gradient, result);
            return [result, null, null];
        }

        var rows = new Rows(kept);
        float* source = FloatMemory.Of(gradient);
        float* target = FloatMemory.Of(result);
        int pieces = Pieces(rows);
        ParallelWork.For(rows.Stack * pieces, result.numel(), piece =>
        {
            float* scratch = stackalloc float[Scratch];
            int block = piece / pieces;
            int first = piece % pieces * RowBlock;
            int last = Math.Min(first + RowBlock, rows.Count);
            for (int row = first; row < last; row++)
            {
                GradientRow(rows.At(block, row), scratch, source[row], target + rows.Offset(block, row));
            }
        });
        GC.KeepAlive((kept, gradient));
        return [result, null, null];
    }

    private int Pieces(Rows rows) => (rows.Count + RowBlock - 1) / RowBlock;

    /// <summary>The sizes of parameters [S, K, B, P] and data [S, B, D].</summary>
    protected sealed class BlockSizes(IReadOnlyList<torch.Tensor> inputs)
    {
        /// <summary>S.</summary>
        public int Stack { get; } = (int)inputs[0].shape[0];

        /// <summary>K B.</summary>
        public int Rows { get; } = (int)(inputs[0].shape[1] * inputs[0].shape[2]);

        /// <summary>B.</summary>
        public int Batch { get; } = (int)inputs[0].shape[2];

        /// <summary>P.</summary>
        public int Parameters { get; } = (int)inputs[0].shape[3];

        /// <summary>D.</summary>
        public int Width { get; } = (int)inputs[1].shape[2];
    }

    /// <summary>A row of a block: an image, or one of its samples.</summary>
    [StructLayout(LayoutKind.Auto)]
    protected readonly struct Row(float* parameters, float* data, float* mask, int parameterCount, int width)
    {
        public readonly float* Parameters = parameters;
        public readonly float* Data = data;
        public readonly float* Mask = mask;

        /// <summary>P.</summary>
        public readonly int ParameterCount = parameterCount;

        /// <summary>D.</summary>
        public readonly int Width = width;
    }

    private sealed class Rows(IReadOnlyList<torch.Tensor> inputs)
    {
        private readonly float* _parameters = FloatMemory.Of(inputs[0]);
        private readonly float* _data = FloatMemory.Of(inputs[1]);
        private readonly float* _mask = FloatMemory.Of(inputs[2]);
        private readonly int _batch = (int)inputs[0].shape[2];
        private readonly int _parameterCount = (int)inputs[0].shape[3];
        private readonly int _width = (int)inputs[1].shape[2];

        public int Stack { get; } = (int)inputs[0].shape[0];

        public int Count { get; } = (int)(inputs[0].shape[1] * inputs[0].shape[2]);

        public long Offset(int block, int row) => (((long)block * Count) + row) * _parameterCount;

        public Row At(int block, int row) => new(
            _parameters + Offset(block, row),
            _data + ((((long)block * _batch) + (row % _batch)) * _width),
            _mask + ((long)block * _width),
            _parameterCount,
            _width);
    }
}
