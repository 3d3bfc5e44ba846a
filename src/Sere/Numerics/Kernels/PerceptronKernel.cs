using System.Runtime.InteropServices;
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

/// <summary>The parts of the backward pass of a layer of perceptrons, one layer of the stack at a time.</summary>
internal sealed unsafe class PerceptronBackward
{
    private readonly PerceptronSizes _sizes;
    private readonly ActivationRows _activation;
    private readonly ProductPrecision _precision = ProductPrecisionScope.Current;
    private readonly float* _gradient;
    private readonly float* _values;
    private readonly float* _inputs;
    private readonly float* _weights;
    private readonly float* _before;
    private readonly float* _biasGradient;
    private readonly float* _weightGradient;
    private readonly float* _inputGradient;
    private readonly long _inputStride;

    /// <summary>The memory of tensors that the caller keeps alive.</summary>
    public PerceptronBackward(
        PerceptronSizes sizes,
        ActivationRows activation,
        torch.Tensor gradient,
        torch.Tensor? values,
        torch.Tensor inputs,
        torch.Tensor weights,
        PerceptronGradients result)
    {
        _sizes = sizes;
        _activation = activation;
        _gradient = FloatMemory.Of(gradient);
        _values = values is null ? null : FloatMemory.Of(values);
        _inputs = FloatMemory.OfFirst(inputs);
        _inputStride = sizes.InputStride(inputs);
        _weights = FloatMemory.Of(weights);
        _before = FloatMemory.Of(result.BeforeActivation);
        _biasGradient = FloatMemory.Of(result.Bias);
        _weightGradient = FloatMemory.Of(result.Weight);
        _inputGradient = result.Input is null ? null : FloatMemory.Of(result.Input);
    }

    private long ValueLength => (long)_sizes.Rows * _sizes.Outputs;

    /// <summary>All gradients of a layer.</summary>
    public void All(int layer)
    {
        BeforeActivation(layer);
        Weight(layer);
        if (_inputGradient != null)
        {
            Input(layer);
        }
    }

    /// <summary>The gradient before the activation, and the bias's.</summary>
    public void BeforeActivation(int layer) => _activation.Backward(
        _gradient + (layer * ValueLength),
        _values == null ? null : _values + (layer * ValueLength),
        _before + (layer * ValueLength),
        _biasGradient + ((long)layer * _sizes.Outputs),
        _sizes.Rows,
        _sizes.Outputs);

    /// <summary>The weight's gradient, from that before the activation.</summary>
    public void Weight(int layer)
    {
        float* inputs = _inputs + (layer * _inputStride);
        float* before = _before + (layer * ValueLength);
        float* target = _weightGradient + (layer * _sizes.WeightLength);
        if (_sizes.WeightIsTransposed)
        {
            Blas.Multiply(before, true, inputs, false, target, _sizes.Outputs, _sizes.Rows, _sizes.Inputs, _precision);
        }
        else
        {
            Blas.Multiply(inputs, true, before, false, target, _sizes.Inputs, _sizes.Rows, _sizes.Outputs, _precision);
        }
    }

    /// <summary>The input's gradient, from that before the activation.</summary>
    public void Input(int layer) => Blas.Multiply(
        _before + (layer * ValueLength),
        false,
        _weights + (layer * _sizes.WeightLength),
        !_sizes.WeightIsTransposed,
        _inputGradient + ((long)layer * _sizes.Rows * _sizes.Inputs),
        _sizes.Rows,
        _sizes.Outputs,
        _sizes.Inputs,
        _precision);
}

/// <summary>Gradients of a layer of perceptrons.</summary>
/// <param name="BeforeActivation">Of x W + bias + addend, shaped as the values.</param>
/// <param name="Bias">Shaped as the bias.</param>
/// <param name="Weight">Shaped as the weight.</param>
/// <param name="Input">Shaped as x, where it was asked for.</param>
internal sealed record PerceptronGradients(
    torch.Tensor BeforeActivation,
    torch.Tensor Bias,
    torch.Tensor Weight,
    torch.Tensor? Input);

/// <summary>The sizes of a layer of perceptrons.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct PerceptronSizes
{
    /// <summary>The sizes of x [R, I] and weight [O, I], or of [S, R, I] and [S, I, O].</summary>
    public PerceptronSizes(torch.Tensor x, torch.Tensor weight)
    {
        long[] inputs = x.shape;
        long[] weights = weight.shape;
        WeightIsTransposed = weights.Length == 2;
        Stack = WeightIsTransposed ? 1 : (int)weights[0];
        Rows = (int)inputs[^2];
        Inputs = (int)inputs[^1];
        Outputs = (int)(WeightIsTransposed ? weights[0] : weights[2]);
    }

    /// <summary>Layers that are computed at once, S.</summary>
    public int Stack { get; }

    /// <summary>Rows of x, R.</summary>
    public int Rows { get; }

    /// <summary>I.</summary>
    public int Inputs { get; }

    /// <summary>O.</summary>
    public int Outputs { get; }

    /// <summary>Whether the weight is stored as [O, I], as that of a single layer is.</summary>
    public bool WeightIsTransposed { get; }

    /// <summary>Numbers of the weight of one layer.</summary>
    public long WeightLength => (long)Inputs * Outputs;

    /// <summary>Operations of the products of one pass.</summary>
    public long Operations => 2L * Stack * Rows * Inputs * Outputs;

    /// <summary>x, or a copy where the rows of a layer do not follow each other.</summary>
    public torch.Tensor Rowwise(torch.Tensor x)
    {
        long[] strides = x.stride();
        return strides[^1] == 1 && strides[^2] == Inputs ? x : x.contiguous();
    }

    /// <summary>Numbers from the input of one layer to that of the next; 0 where all share one.</summary>
    public long InputStride(torch.Tensor x) => x.dim() == 2 ? 0 : x.stride(0);
}
