using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>
/// a(x W + bias + addend) of one layer or a stack of layers, and its gradients: each piece of the work multiplies and goes on
/// with its product at once. How the work is cut depends on sizes alone, so that the bits do not depend on the threads.
/// </summary>
internal static unsafe class PerceptronKernel
{
    // Rows of a piece: few enough for its product to stay in the cache, enough for the product to be efficient.
    private const int MostRows = 256;
    private const int FewestRows = 48;
    private const int FewestPieces = 4;

    // From so many layers on a stack gives every thread enough to do.
    private const int LargeStack = 4;

    /// <summary>Operations of a product that take as long as one number of a pass over memory.</summary>
    public const int OperationsPerElement = 16;

    /// <summary>The layer's values.</summary>
    /// <param name="x">[R, I], or [S, R, I], whose S may be one and the same.</param>
    /// <param name="weight">[O, I], or [S, I, O].</param>
    /// <param name="bias">[O], or [S, 1, O], contiguous; or null.</param>
    /// <param name="addend">[S, B, O], contiguous, where R is a multiple of B; or null.</param>
    /// <param name="activation">a.</param>
    /// <returns>[R, O], or [S, R, O].</returns>
    public static torch.Tensor Forward(
        torch.Tensor x, torch.Tensor weight, torch.Tensor? bias, torch.Tensor? addend, ActivationRows activation)
    {
        var sizes = new PerceptronSizes(x, weight);
        x = sizes.Rowwise(x);
        var y = torch.empty(weight.dim() == 2 ? [sizes.Rows, sizes.Outputs] : [sizes.Stack, sizes.Rows, sizes.Outputs]);
        int addendRows = addend is null ? 1 : (int)(addend.numel() / ((long)sizes.Stack * sizes.Outputs));
        nint inputs = (nint)FloatMemory.OfFirst(x);
        long inputStride = sizes.InputStride(x);
        nint weights = (nint)FloatMemory.Of(weight);
        nint values = (nint)FloatMemory.Of(y);
        nint biases = bias is null ? 0 : (nint)FloatMemory.Of(bias);
        nint addends = addend is null ? 0 : (nint)FloatMemory.Of(addend);
        int blocks = Blocks(sizes.Stack, sizes.Rows);
        var precision = ProductPrecisionScope.Current;
        ParallelWork.For(sizes.Stack * blocks, sizes.Operations / OperationsPerElement, piece =>
        {
            int layer = piece / blocks;
            int first = (int)((long)sizes.Rows * (piece % blocks) / blocks);
            int last = (int)((long)sizes.Rows * ((piece % blocks) + 1) / blocks);
            float* target = (float*)values + ((long)layer * sizes.Rows * sizes.Outputs);
            Blas.Multiply(
                (float*)inputs + (layer * inputStride) + ((long)first * sizes.Inputs),
                false,
                (float*)weights + (layer * sizes.WeightLength),
                sizes.WeightIsTransposed,
                target + ((long)first * sizes.Outputs),
                last - first,
                sizes.Inputs,
                sizes.Outputs,
                precision);
            activation.Forward(
                target,
                biases == 0 ? null : (float*)biases + ((long)layer * sizes.Outputs),
                addends == 0 ? null : (float*)addends + ((long)layer * addendRows * sizes.Outputs),
                addendRows,
                first,
                last,
                sizes.Outputs);
        });
        GC.KeepAlive((x, weight, bias, addend));
        return y;
    }

    /// <summary>The gradients.</summary>
    /// <param name="gradient">Gradient of the values, contiguous.</param>
    /// <param name="y">The values; null for the identity, which does not need them.</param>
    /// <param name="x">As in the forward pass.</param>
    /// <param name="weight">As in the forward pass.</param>
    /// <param name="needsInput">Whether the gradient of x is asked for.</param>
    /// <param name="activation">a.</param>
    public static PerceptronGradients Backward(
        torch.Tensor gradient,
        torch.Tensor? y,
        torch.Tensor x,
        torch.Tensor weight,
        bool needsInput,
        ActivationRows activation)
    {
        var sizes = new PerceptronSizes(x, weight);
        x = sizes.Rowwise(x);
        var result = new PerceptronGradients(
            y is null ? gradient : torch.empty_like(gradient),
            torch.empty(weight.dim() == 2 ? [sizes.Outputs] : [sizes.Stack, 1, sizes.Outputs]),
            torch.empty(weight.shape),
            needsInput ? torch.empty(x.shape) : null);
        var work = new PerceptronBackward(sizes, activation, gradient, y, x, weight, result);
        long elements = (needsInput ? 2 : 1) * sizes.Operations / OperationsPerElement;
        if (sizes.Stack >= LargeStack)
        {
            ParallelWork.For(sizes.Stack, elements, work.All);
        }
        else
        {
            ParallelWork.For(sizes.Stack, gradient.numel(), work.BeforeActivation);
            ParallelWork.For(
                sizes.Stack * (needsInput ? 2 : 1),
                elements,
                piece =>
                {
                    if (piece < sizes.Stack)
                    {
                        work.Weight(piece);
                    }
                    else
                    {
                        work.Input(piece - sizes.Stack);
                    }
                });
        }

        GC.KeepAlive((gradient, y, x, weight));
        return result;
    }

    /// <summary>Into how many pieces the rows of each layer of a stack are cut.</summary>
    public static int Blocks(int stack, int rows)
    {
        int forCache = (rows + MostRows - 1) / MostRows;
        int forThreads = (FewestPieces + stack - 1) / stack;
        return Math.Max(forCache, Math.Min(forThreads, Math.Max(1, rows / FewestRows)));
    }
}
