using System.Runtime.InteropServices;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Kernels;

/// <summary>
/// a(x W + bias + addend) of one layer of perceptrons or a stack of layers: each piece of the work multiplies and goes on
/// with its product at once, while it is in the cache. How the work is cut depends on sizes alone, so that the bits do not
/// depend on the threads.
/// </summary>
internal sealed unsafe class PerceptronLayer : FusedOperation
{
    /// <summary>Operations of a product that take as long as one number of a pass over memory.</summary>
    public const int OperationsPerElement = 16;

    // Rows of a piece: few enough for its product to stay in the cache, enough for the product to be efficient.
    private const int MostRows = 256;
    private const int FewestRows = 48;
    private const int FewestPieces = 4;

    // From so many layers on a stack gives every thread enough to do.
    private const int LargeStack = 4;

    // On a CUDA device our kernel is faster than the library's product up to so many rows of a layer.
    private const int MostRowsOfTiles = 2048;

    /// <summary>Side of the square of a product that a block of threads computes; as in PerceptronLayer.cu.</summary>
    public const int Tile = 32;

    /// <summary>Threads of such a block.</summary>
    public const int TileThreads = 128;

    private readonly Activation? _activation;
    private readonly bool _hasBias;
    private readonly long[]? _addendShape;
    private torch.Tensor? _weightGradient;
    private torch.Tensor? _biasGradient;

    private PerceptronLayer(Activation? activation, bool hasBias, long[]? addendShape)
    {
        (_activation, _hasBias, _addendShape) = (activation, hasBias, addendShape);
    }

    /// <summary>Whether the kernels of layers take these; the slope of an activation must follow from its value.</summary>
    /// <param name="x">[..., I].</param>
    /// <param name="weight">[O, I] for one layer; [S, I, O] for a stack.</param>
    /// <param name="activation">a; null for none.</param>
    public static bool Takes(torch.Tensor x, torch.Tensor weight, Activation? activation)
    {
        long rows = x.numel() / Math.Max(1, x.size(-1));
        long outputs = weight.size(weight.dim() == 3 ? 2 : 0);
        return activation.HasRows()
            && Blas.IsAvailable
            && ProductPrecisionScope.Current == ProductPrecision.Full
            && FusedKernels.Take(x, Math.Max(weight.numel(), rows * outputs));
    }

    private static bool TakesOnCuda(torch.Tensor x, Activation? activation) =>
        activation.HasRows() && ProductPrecisionScope.Current == ProductPrecision.Full && FusedKernels.TakeOnCuda(x);

    /// <summary>A stack of layers with independent weights.</summary>
    /// <param name="x">[S, R, I].</param>
    /// <param name="weight">[S, I, O].</param>
    /// <param name="bias">[S, 1, O], or null.</param>
    /// <param name="activation">a; null for none.</param>
    /// <param name="addend">[S, B, O] where R = K B: added to each of the K samples; or null.</param>
    /// <returns>[S, R, O].</returns>
    public static torch.Tensor Stacked(
        torch.Tensor x,
        torch.Tensor weight,
        torch.Tensor? bias,
        Activation? activation,
        torch.Tensor? addend = null)
    {
        if (Takes(x, weight, activation) || TakesOnCuda(x, activation))
        {
            return Fused(x, weight, bias, addend, activation);
        }

        var y = bias is null ? TensorMath.MatrixMultiply(x, weight) : TensorMath.BatchMultiplyAdd(bias, x, weight);
        if (addend is not null)
        {
            y = y.view(y.shape[0], -1, addend.shape[1], y.shape[2]).Plus(addend.unsqueeze(1)).view(y.shape);
        }

        return activation?.Apply(y) ?? y;
    }

    /// <summary>One layer.</summary>
    /// <param name="x">[..., I].</param>
    /// <param name="weight">[O, I].</param>
    /// <param name="bias">[O].</param>
    /// <param name="activation">a; null for none.</param>
    /// <returns>[..., O].</returns>
    public static torch.Tensor Single(torch.Tensor x, torch.Tensor weight, torch.Tensor bias, Activation? activation)
    {
        if (!Takes(x, weight, activation) && !TakesOnCuda(x, activation))
        {
            var y = TensorMath.Linear(x, weight, bias);
            return activation?.Apply(y) ?? y;
        }

        if (x.dim() == 2)
        {
            return Fused(x, weight, bias, null, activation);
        }

        long[] shape = x.shape;
        return Fused(x.reshape(-1, shape[^1]), weight, bias, null, activation).view([.. shape[..^1], weight.shape[0]]);
    }

    /// <summary>Into how many pieces the rows of each layer of a stack are cut.</summary>
    public static int Blocks(int stack, int rows)
    {
        int forCache = (rows + MostRows - 1) / MostRows;
        int forThreads = (FewestPieces + stack - 1) / stack;
        return Math.Max(forCache, Math.Min(forThreads, Math.Max(1, rows / FewestRows)));
    }

    /// <summary>The gradient of an addend [..., B, O] from that of the rows [..., K B, O] it was added to.</summary>
    public static torch.Tensor SumOverSamples(torch.Tensor gradient, long[] shape) => gradient.shape[^2] == shape[^2]
        ? gradient.alias()
        : gradient.view([.. shape[..^2], -1, shape[^2], shape[^1]]).sum([-3]);

    /// <inheritdoc/>
    protected override (torch.Tensor[] Results, torch.Tensor[] Kept) Forward(torch.Tensor?[] inputs)
    {
        var (x, weight, bias, addend) = (inputs[0]!, inputs[1]!, inputs[2], inputs[3]?.contiguous());
        if (x.device_type == DeviceType.CUDA)
        {
            return ForwardOnCuda(x, weight, bias, addend);
        }

        var sizes = new Sizes(x, weight);
        var rowwise = sizes.Rowwise(x);
        var y = torch.empty(weight.dim() == 2 ? [sizes.Rows, sizes.Outputs] : [sizes.Stack, sizes.Rows, sizes.Outputs]);
        int addendRows = addend is null ? 1 : (int)(addend.numel() / ((long)sizes.Stack * sizes.Outputs));
        float* input = FloatMemory.OfFirst(rowwise);
        long inputStride = Sizes.InputStride(rowwise);
        float* weights = FloatMemory.Of(weight);
        float* values = FloatMemory.Of(y);
        float* biases = bias is null ? null : FloatMemory.Of(bias);
        float* addends = addend is null ? null : FloatMemory.Of(addend);
        int blocks = Blocks(sizes.Stack, sizes.Rows);
        var rows = _activation.Rows();
        ParallelWork.For(sizes.Stack * blocks, sizes.Operations / OperationsPerElement, piece =>
        {
            int layer = piece / blocks;
            int first = (int)((long)sizes.Rows * (piece % blocks) / blocks);
            int last = (int)((long)sizes.Rows * ((piece % blocks) + 1) / blocks);
            float* target = values + (layer * sizes.ValueLength);
            Blas.Multiply(
                new BlasMatrix(input + (layer * inputStride) + ((long)first * sizes.Inputs), sizes.Inputs),
                sizes.Weight(weights, layer),
                new BlasMatrix(target + ((long)first * sizes.Outputs), sizes.Outputs),
                last - first,
                sizes.Inputs,
                sizes.Outputs);
            rows.Forward(
                target,
                biases == null ? null : biases + ((long)layer * sizes.Outputs),
                addends == null ? null : addends + ((long)layer * addendRows * sizes.Outputs),
                addendRows,
                first,
                last,
                sizes.Outputs);
        });
        GC.KeepAlive((rowwise, weight, bias, addend));
        return ([y], _activation is null ? [x, weight] : [x, weight, y]);
    }

    /// <inheritdoc/>
    protected override torch.Tensor?[] Backward(List<torch.Tensor> kept, List<torch.Tensor> gradients)
    {
        var (x, weight, gradient) = (kept[0], kept[1], gradients[0].contiguous());
        var y = kept.Count > 2 ? kept[2] : null;
        if (x.device_type == DeviceType.CUDA)
        {
            return BackwardOnCuda(x, weight, y, gradient);
        }

        var sizes = new Sizes(x, weight);
        var rowwise = sizes.Rowwise(x);
        var before = y is null ? gradient : torch.empty_like(gradient);
        var bias = torch.empty(weight.dim() == 2 ? [sizes.Outputs] : [sizes.Stack, 1, sizes.Outputs]);
        var weightGradient = torch.empty(weight.shape);
        var inputGradient = x.requires_grad ? torch.empty(x.shape) : null;

        float* slopes = FloatMemory.Of(gradient);
        float* values = y is null ? null : FloatMemory.Of(y);
        float* input = FloatMemory.OfFirst(rowwise);
        long inputStride = Sizes.InputStride(rowwise);
        float* weights = FloatMemory.Of(weight);
        float* befores = FloatMemory.Of(before);
        float* biases = FloatMemory.Of(bias);
        float* weightTarget = FloatMemory.Of(weightGradient);
        float* inputTarget = inputGradient is null ? null : FloatMemory.Of(inputGradient);
        var rows = _activation.Rows();

        void BeforeActivation(int layer)
        {
            long offset = layer * sizes.ValueLength;
            rows.Backward(
                slopes + offset,
                values == null ? null : values + offset,
                befores + offset,
                biases + ((long)layer * sizes.Outputs),
                sizes.Rows,
                sizes.Outputs);
        }

        void Weight(int layer)
        {
            float* inputs = input + (layer * inputStride);
            float* outputs = befores + (layer * sizes.ValueLength);
            float* target = weightTarget + (layer * sizes.WeightLength);
            if (sizes.WeightIsTransposed)
            {
                Blas.Multiply(
                    new BlasMatrix(outputs, sizes.Outputs, isTransposed: true),
                    new BlasMatrix(inputs, sizes.Inputs),
                    new BlasMatrix(target, sizes.Inputs),
                    sizes.Outputs,
                    sizes.Rows,
                    sizes.Inputs);
            }
            else
            {
                Blas.Multiply(
                    new BlasMatrix(inputs, sizes.Inputs, isTransposed: true),
                    new BlasMatrix(outputs, sizes.Outputs),
                    new BlasMatrix(target, sizes.Outputs),
                    sizes.Inputs,
                    sizes.Rows,
                    sizes.Outputs);
            }
        }

        void Input(int layer) => Blas.Multiply(
            new BlasMatrix(befores + (layer * sizes.ValueLength), sizes.Outputs),
            sizes.Weight(weights, layer).Transpose(),
            new BlasMatrix(inputTarget + ((long)layer * sizes.Rows * sizes.Inputs), sizes.Inputs),
            sizes.Rows,
            sizes.Outputs,
            sizes.Inputs);

        int products = inputGradient is null ? 1 : 2;
        long elements = products * sizes.Operations / OperationsPerElement;
        if (sizes.Stack >= LargeStack)
        {
            ParallelWork.For(sizes.Stack, elements, layer =>
            {
                BeforeActivation(layer);
                Weight(layer);
                if (products == 2)
                {
                    Input(layer);
                }
            });
        }
        else
        {
            ParallelWork.For(sizes.Stack, gradient.numel(), BeforeActivation);
            ParallelWork.For(sizes.Stack * products, elements, piece =>
            {
                if (piece < sizes.Stack)
                {
                    Weight(piece);
                }
                else
                {
                    Input(piece - sizes.Stack);
                }
            });
        }

        GC.KeepAlive((gradient, y, rowwise, weight));
        return
        [
            inputGradient,
            weightGradient,
            _hasBias ? bias : null,
            _addendShape is null ? null : SumOverSamples(before, _addendShape),
        ];
    }

    private (torch.Tensor[] Results, torch.Tensor[] Kept) ForwardOnCuda(
        torch.Tensor x, torch.Tensor weight, torch.Tensor? bias, torch.Tensor? addend)
    {
        var sizes = new Sizes(x, weight);
        int addendRows = addend is null ? 1 : (int)(addend.numel() / ((long)sizes.Stack * sizes.Outputs));
        (_weightGradient, _biasGradient) = (GradientsInPlace.Of(weight), GradientsInPlace.Of(bias));
        torch.Tensor y;
        if (sizes.Rows <= MostRowsOfTiles)
        {
            x = sizes.Rowwise(x);
            y = torch.empty(weight.dim() == 2 ? [sizes.Rows, sizes.Outputs] : [sizes.Stack, sizes.Rows, sizes.Outputs], device: x.device);
            CudaDriver.Instance!.Launch(
                sizes.WeightIsTransposed ? "perceptron_values_single" : "perceptron_values_stacked",
                (Tiles(sizes.Outputs), Tiles(sizes.Rows), sizes.Stack), (TileThreads, 1), 0,
                x, weight, bias, addend, y, Sizes.InputStride(x),
                sizes.Rows, sizes.Inputs, sizes.Outputs, addendRows, _activation.CudaNumber());
        }
        else
        {
            y = TensorMath.Product(x, sizes.WeightIsTransposed ? weight.t() : weight);
            CudaDriver.Instance!.Launch(
                "perceptron_forward", (Math.Min((sizes.Rows + 7) / 8, 8192), sizes.Stack, 1), (32, 8), 0,
                y, bias, addend, sizes.Rows, sizes.Outputs, addendRows, _activation.CudaNumber());
        }

        return ([y], _activation is null ? [x, weight] : [x, weight, y]);
    }

    private torch.Tensor?[] BackwardOnCuda(torch.Tensor x, torch.Tensor weight, torch.Tensor? y, torch.Tensor gradient)
    {
        const int Columns = 32;
        var sizes = new Sizes(x, weight);
        var driver = CudaDriver.Instance!;
        bool areTiles = sizes.Rows <= MostRowsOfTiles;
        int activation = _activation.CudaNumber();
        var bias = !_hasBias ? null : _biasGradient ?? torch.zeros(
            weight.dim() == 2 ? [sizes.Outputs] : [sizes.Stack, 1, sizes.Outputs], device: x.device);
        var before = gradient;
        if ((y is not null || _hasBias) && (!areTiles || _addendShape is not null))
        {
            before = y is null ? gradient : torch.empty_like(gradient);
            driver.Launch(
                "perceptron_backward", ((sizes.Outputs + Columns - 1) / Columns, sizes.Stack, 1), (Columns, 16), 0,
                gradient, y, y is null ? null : before, areTiles ? null : bias, sizes.Rows, sizes.Outputs, activation);
        }

        torch.Tensor? inputGradient = null;
        var weightGradient = _weightGradient;
        if (areTiles)
        {
            weightGradient ??= torch.zeros_like(weight);
            driver.Launch(
                sizes.WeightIsTransposed ? "perceptron_weights_single" : "perceptron_weights_stacked",
                (Tiles(sizes.Outputs), Tiles(sizes.Inputs), sizes.Stack), (TileThreads, 1), 0,
                x, gradient, y, weightGradient, bias, Sizes.InputStride(x),
                sizes.Rows, sizes.Inputs, sizes.Outputs, activation);
            if (x.requires_grad)
            {
                inputGradient = torch.empty(x.shape, device: x.device);
                driver.Launch(
                    sizes.WeightIsTransposed ? "perceptron_inputs_single" : "perceptron_inputs_stacked",
                    (Tiles(sizes.Inputs), Tiles(sizes.Rows), sizes.Stack), (TileThreads, 1), 0,
                    gradient, y, weight, inputGradient, sizes.Rows, sizes.Inputs, sizes.Outputs, activation);
            }
        }
        else
        {
            var product = sizes.WeightIsTransposed
                ? TensorMath.Product(before.t(), x) : TensorMath.Product(x.transpose(1, 2), before);
            weightGradient = weightGradient?.PlusInPlace(product) ?? product;
            inputGradient = x.requires_grad
                ? TensorMath.Product(before, sizes.WeightIsTransposed ? weight : weight.transpose(1, 2)) : null;
        }

        return
        [
            inputGradient,
            _weightGradient is null ? weightGradient : null,
            _biasGradient is null ? bias : null,
            _addendShape is null ? null : SumOverSamples(before, _addendShape),
        ];
    }

    private static int Tiles(int length) => (length + Tile - 1) / Tile;

    private static torch.Tensor Fused(
        torch.Tensor x, torch.Tensor weight, torch.Tensor? bias, torch.Tensor? addend, Activation? activation)
    {
        TensorMath.LogProduct(x, weight);
        return new PerceptronLayer(activation, bias is not null, addend?.shape).Run(x, weight, bias, addend)[0];
    }

    /// <summary>The sizes of x [R, I] and weight [O, I], or of [S, R, I], all of which may be one, and [S, I, O].</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly struct Sizes(torch.Tensor x, torch.Tensor weight)
    {
        /// <summary>Whether the weight is stored as [O, I], as that of a single layer is.</summary>
        public readonly bool WeightIsTransposed = weight.dim() == 2;
        public readonly int Stack = weight.dim() == 2 ? 1 : (int)weight.shape[0];
        public readonly int Rows = (int)x.shape[^2];
        public readonly int Inputs = (int)x.shape[^1];
        public readonly int Outputs = (int)weight.shape[weight.dim() == 2 ? 0 : 2];

        /// <summary>Numbers of the values of one layer.</summary>
        public long ValueLength => (long)Rows * Outputs;

        /// <summary>Numbers of the weight of one layer.</summary>
        public long WeightLength => (long)Inputs * Outputs;

        /// <summary>Operations of the products of one pass.</summary>
        public long Operations => 2L * Stack * Rows * Inputs * Outputs;

        /// <summary>Numbers from the input of one layer to that of the next; 0 where all share one.</summary>
        public static long InputStride(torch.Tensor rowwise) => rowwise.dim() == 2 ? 0 : rowwise.stride(0);

        /// <summary>x, or a copy where the rows of a layer do not follow each other.</summary>
        public torch.Tensor Rowwise(torch.Tensor x)
        {
            long[] strides = x.stride();
            return strides[^1] == 1 && strides[^2] == Inputs ? x : x.contiguous();
        }

        /// <summary>The weight of a layer, [I, O].</summary>
        public BlasMatrix Weight(float* weights, int layer) =>
            new(weights + (layer * WeightLength), WeightIsTransposed ? Inputs : Outputs, WeightIsTransposed);
    }
}
