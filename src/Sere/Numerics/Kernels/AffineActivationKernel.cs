using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>
/// What follows the matrix products of S stacked layers: y = a(product + bias + addend), in one pass in place, and its
/// gradient, in one pass with the bias's.
/// </summary>
internal static unsafe class AffineActivationKernel
{
    /// <summary>y = a(y + bias + addend), in place.</summary>
    /// <param name="y">Products, [S, R, H], contiguous.</param>
    /// <param name="bias">[S, 1, H], contiguous; or null.</param>
    /// <param name="addend">[S, B, H], contiguous, where R is a multiple of B; or null.</param>
    /// <param name="activation">a.</param>
    public static void Forward(torch.Tensor y, torch.Tensor? bias, torch.Tensor? addend, ActivationRows activation)
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
            activation.Forward(
                (float*)values + ((long)layer * rows * width),
                biases == 0 ? null : (float*)biases + ((long)layer * width),
                addends == 0 ? null : (float*)addends + ((long)layer * addendRows * width),
                addendRows,
                (int)((long)rows * (piece % blocks) / blocks),
                (int)((long)rows * ((piece % blocks) + 1) / blocks),
                width);
        });
        GC.KeepAlive((y, bias, addend));
    }

    /// <summary>The gradient before the activation, g a'(x), and its sum over rows.</summary>
    /// <param name="gradient">Gradient of y, [S, R, H], contiguous.</param>
    /// <param name="y">The values of the forward pass; not read for the identity.</param>
    /// <param name="activation">a.</param>
    /// <returns>[S, R, H] (the gradient itself for the identity) and [S, 1, H].</returns>
    public static (torch.Tensor Before, torch.Tensor Bias) Backward(
        torch.Tensor gradient, torch.Tensor? y, ActivationRows activation)
    {
        var (stack, rows, width) = Sizes(gradient);
        var before = y is null ? gradient : torch.empty_like(gradient);
        var bias = torch.empty([stack, 1, width]);
        nint source = (nint)FloatMemory.Of(gradient);
        nint values = y is null ? 0 : (nint)FloatMemory.Of(y);
        nint target = (nint)FloatMemory.Of(before);
        nint sums = (nint)FloatMemory.Of(bias);
        int blocks = (width + ActivationRows.ColumnBlock - 1) / ActivationRows.ColumnBlock;
        ParallelWork.For(stack * blocks, gradient.numel(), piece =>
        {
            long layer = piece / blocks;
            long offset = layer * rows * width;
            activation.BackwardColumns(
                (float*)source + offset,
                values == 0 ? null : (float*)values + offset,
                (float*)target + offset,
                (float*)sums + (layer * width),
                rows,
                width,
                piece % blocks * ActivationRows.ColumnBlock);
        });
        GC.KeepAlive((gradient, y));
        return (before, bias);
    }

    private static (int Stack, int Rows, int Width) Sizes(torch.Tensor y)
    {
        long[] shape = y.shape;
        return shape.Length == 3 ? ((int)shape[0], (int)shape[1], (int)shape[2]) : (1, (int)shape[0], (int)shape[1]);
    }
}
