using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>
/// a(x (W * mask) + bias + addend) of one layer, and its gradients, without the products that a <see cref="MaskStaircase"/>
/// makes zero. How the work is cut depends on sizes alone, so that the bits do not depend on the threads.
/// </summary>
internal static unsafe class MaskedPerceptronKernel
{
    /// <summary>The corners of a weight [I, O] with their masks applied, one behind the other.</summary>
    public static torch.Tensor Corners(torch.Tensor weight, MaskStaircase mask)
    {
        var corners = torch.empty(mask.CornerLength);
        nint weights = (nint)FloatMemory.Of(weight);
        nint target = (nint)FloatMemory.OfFirst(corners);
        ParallelWork.For(mask.Groups.Count, mask.CornerLength, piece =>
        {
            var group = mask.Groups[piece];
            for (int row = group.Open; row < group.End; row++)
            {
                float* line = (float*)target + group.Corner + ((long)(row - group.Open) * group.Columns);
                int hidden = mask.HiddenColumns(group, row);
                new Span<float>(line, hidden).Clear();
                new Span<float>(
                    (float*)weights + ((long)row * mask.Columns) + group.First + hidden, group.Columns - hidden)
                    .CopyTo(new Span<float>(line + hidden, group.Columns - hidden));
            }
        });
        GC.KeepAlive((weight, corners));
        return corners;
    }

    /// <summary>The layer's values, [R, O].</summary>
    /// <param name="x">[R, I], contiguous.</param>
    /// <param name="weight">[I, O], contiguous.</param>
    /// <param name="corners">From <see cref="Corners"/>.</param>
    /// <param name="mask">What is left out of the weight.</param>
    /// <param name="bias">[O], contiguous; or null.</param>
    /// <param name="addend">[B, O], contiguous, where R is a multiple of B; or null.</param>
    /// <param name="activation">a.</param>
    public static torch.Tensor Forward(
        torch.Tensor x,
        torch.Tensor weight,
        torch.Tensor corners,
        MaskStaircase mask,
        torch.Tensor? bias,
        torch.Tensor? addend,
        ActivationRows activation)
    {
        int rows = (int)x.shape[0];
        var y = torch.empty(rows, mask.Columns);
        int addendRows = addend is null ? 1 : (int)(addend.numel() / mask.Columns);
        nint inputs = (nint)FloatMemory.Of(x);
        nint weights = (nint)FloatMemory.Of(weight);
        nint corner = (nint)FloatMemory.OfFirst(corners);
        nint values = (nint)FloatMemory.Of(y);
        nint biases = bias is null ? 0 : (nint)FloatMemory.Of(bias);
        nint addends = addend is null ? 0 : (nint)FloatMemory.Of(addend);
        int blocks = PerceptronKernel.Blocks(1, rows);
        ParallelWork.For(blocks, Elements(x, mask), piece =>
        {
            int first = (int)((long)rows * piece / blocks);
            int last = (int)((long)rows * (piece + 1) / blocks);
            float* source = (float*)inputs + ((long)first * mask.Rows);
            float* target = (float*)values + ((long)first * mask.Columns);
            foreach (var group in mask.Groups)
            {
                var product = new BlasMatrix(target + group.First, mask.Columns);
                if (group.End == 0)
                {
                    Clear(product, last - first, group.Columns);
                    continue;
                }

                if (group.Open > 0)
                {
                    Blas.Multiply(
                        new BlasMatrix(source, mask.Rows),
                        new BlasMatrix((float*)weights + group.First, mask.Columns),
                        product,
                        last - first,
                        group.Open,
                        group.Columns,
                        accumulates: false);
                }

                if (group.CornerRows > 0)
                {
                    Blas.Multiply(
                        new BlasMatrix(source + group.Open, mask.Rows),
                        new BlasMatrix((float*)corner + group.Corner, group.Columns),
                        product,
                        last - first,
                        group.CornerRows,
                        group.Columns,
                        accumulates: group.Open > 0);
                }
            }

            activation.Forward(
                (float*)values, (float*)biases, (float*)addends, addendRows, first, last, mask.Columns);
        });
        GC.KeepAlive((x, weight, corners, bias, addend, y));
        return y;
    }

    /// <summary>The gradients.</summary>
    /// <param name="gradient">Gradient of the values, contiguous.</param>
    /// <param name="y">The values; null for the identity, which does not need them.</param>
    /// <param name="x">As in the forward pass.</param>
    /// <param name="weight">As in the forward pass.</param>
    /// <param name="corners">As in the forward pass.</param>
    /// <param name="mask">As in the forward pass.</param>
    /// <param name="needsInput">Whether the gradient of x is asked for.</param>
    /// <param name="activation">a.</param>
    public static PerceptronGradients Backward(
        torch.Tensor gradient,
        torch.Tensor? y,
        torch.Tensor x,
        torch.Tensor weight,
        torch.Tensor corners,
        MaskStaircase mask,
        bool needsInput,
        ActivationRows activation)
    {
        var result = new PerceptronGradients(
            y is null ? gradient : torch.empty_like(gradient),
            torch.empty(mask.Columns),
            torch.empty_like(weight),
            needsInput ? torch.empty_like(x) : null);
        var work = new MaskedPerceptronBackward(mask, gradient, y, x, weight, corners, result, activation);
        int columnBlocks = (mask.Columns + ActivationRows.ColumnBlock - 1) / ActivationRows.ColumnBlock;
        ParallelWork.For(columnBlocks, gradient.numel(), work.BeforeActivation);
        int rowBlocks = needsInput ? PerceptronKernel.Blocks(1, (int)x.shape[0]) : 0;
        ParallelWork.For(
            rowBlocks + mask.Groups.Count,
            (needsInput ? 2 : 1) * Elements(x, mask),
            piece =>
            {
                // The largest pieces first, so that no thread ends long after the others.
                if (piece < rowBlocks)
                {
                    work.Input(piece, rowBlocks);
                }
                else
                {
                    work.Weight(mask.Groups[mask.Groups.Count - 1 - (piece - rowBlocks)]);
                }
            });
        GC.KeepAlive((gradient, y, x, weight, corners, result));
        return result;
    }

    /// <summary>Makes a part of a matrix zero.</summary>
    public static void Clear(BlasMatrix matrix, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
        {
            new Span<float>(matrix.Start + ((long)row * matrix.Stride), columns).Clear();
        }
    }

    private static long Elements(torch.Tensor x, MaskStaircase mask) =>
        x.shape[0] * mask.Rows * mask.Columns / PerceptronKernel.OperationsPerElement;
}
