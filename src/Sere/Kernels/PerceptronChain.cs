using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Kernels;

/// <summary>
/// All steps of a chain on a CUDA device, the perceptrons between them included: one launch forward, where steps by
/// themselves take some fifteen a layer, and three backward. A row goes from the first layer to the last without waiting
/// for others. The plain form is one <see cref="ChainStep"/> after the other.
/// </summary>
internal sealed unsafe class PerceptronChain : FusedOperation
{
    private const int MostMaps = 4;
    private const int MostPointers = 448;
    private const int TrainingRows = 2;
    private const int TrainingThreads = 512;

    // So many rows share each reading of the weights where there are many.
    private const int ManyRows = 8;
    private const int ManyThreads = 256;
    private const int FewestForMany = 4096;

    // Of a product's sums; more would take longer to put together than they save.
    private const int MostPieces = 16;
    private readonly PerceptronChainShape _shape;
    private readonly ChainStepBounds _bounds;
    private readonly bool _logRatio;
    private readonly torch.Tensor?[] _gradients;

    // Without a backward pass nothing is kept for it.
    private readonly bool _isKept = torch.is_grad_enabled();

    private PerceptronChain(PerceptronChainInputs inputs, bool logRatio)
    {
        (_shape, _bounds, _logRatio) = (inputs.Shape, inputs.Bounds, logRatio);
        _gradients = [.. inputs.Parameters.Prepend(inputs.Constant).Select(GradientsInPlace.Of)];
    }

    /// <summary>
    /// The codes, [L, ..., N], and what each layer costs, [L, ...], as <see cref="ChainStep.Apply"/> gives them; null where
    /// the kernel does not take the chain.
    /// </summary>
    public static (torch.Tensor Codes, torch.Tensor Costs)? TryApply(PerceptronChainInputs inputs, bool logRatio)
    {
        var shape = inputs.Shape;
        int pointers = inputs.Parameters.Count + (2 * shape.Layers);
        if (!FusedKernels.TakeOnCuda(inputs.Noise, inputs.Noise)
            || shape.Widths.Count > MostMaps
            || pointers > MostPointers
            || SharedBytes(shape, TrainingRows, TrainingThreads) > CudaDriver.Instance!.MostShared
            || 2 * Fours(shape.Widest) > ManyThreads
            || TrainingRows * shape.Latents > TrainingThreads
            || !shape.Activation.HasRows()
            || ProductPrecisionScope.Current != ProductPrecision.Full)
        {
            return null;
        }

        var results = new PerceptronChain(inputs, logRatio).Run(
            [.. inputs.MeanResiduals, .. inputs.LogScaleResiduals, inputs.Noise.contiguous(), inputs.Constant, .. inputs.Parameters]);
        return (results[0], results[1]);
    }

    /// <inheritdoc/>
    protected override (torch.Tensor[] Results, torch.Tensor[] Kept) Forward(torch.Tensor?[] inputs)
    {
        torch.Tensor[] given = [.. inputs!];
        var noise = given[2 * _shape.Layers];
        var constant = given[(2 * _shape.Layers) + 1];
        long rows = noise.numel() / noise.shape[^1];
        bool isMany = !_isKept && rows >= FewestForMany
            && ManyRows * _shape.Latents <= ManyThreads
            && SharedBytes(_shape, ManyRows, ManyThreads) <= CudaDriver.Instance!.MostShared;
        var (rowsOfBlock, threads) = isMany ? (ManyRows, ManyThreads) : (TrainingRows, TrainingThreads);
        var plan = Plan(given, rows, threads);
        var table = Table(given, given[((2 * _shape.Layers) + 2)..]);
        var device = noise.device;
        var codes = torch.empty([_shape.Layers, .. noise.shape[..^1], _shape.Latents], device: device);
        var costs = torch.empty([_shape.Layers, .. noise.shape[..^1]], device: device);
        var hidden = _isKept ? torch.empty([_shape.Networks * _shape.Hidden * rows], device: device) : null;
        var said = _isKept ? torch.empty([(_shape.Layers - 1) * rows * 5 * _shape.Latents], device: device) : null;
        var arranged = torch.empty([(_shape.Layers - 1) * 4L * plan.LayerFours], device: device);
        var driver = CudaDriver.Instance!;
        driver.Launch(
            "chain_arrange", (_shape.Tiles, _shape.Networks * _shape.Widths.Count, 1), (PerceptronLayer.Tile, 8), 0,
            CudaArgument.Of(&plan), CudaArgument.Of(&table), arranged);
        driver.Launch(
            isMany ? "chain_forward_8" : "chain_forward_2",
            ((rows + rowsOfBlock - 1) / rowsOfBlock, 1, 1),
            (threads, 1),
            SharedBytes(_shape, rowsOfBlock, threads),
            CudaArgument.Of(&plan), CudaArgument.Of(&table), arranged, constant, noise, codes, costs, hidden, said);
        GC.KeepAlive(given);
        return ([codes, costs], _isKept ? [.. given, codes, hidden!, said!, arranged] : []);
    }

    /// <inheritdoc/>
    protected override torch.Tensor?[] Backward(List<torch.Tensor> kept, List<torch.Tensor> gradients)
    {
        torch.Tensor[] given = [.. kept.SkipLast(4)];
        var (codes, hidden, said, arranged) = (kept[^4], kept[^3], kept[^2], kept[^1]);
        var noise = given[2 * _shape.Layers];
        var constant = given[(2 * _shape.Layers) + 1];
        var parameters = given[((2 * _shape.Layers) + 2)..];
        long rows = noise.numel() / noise.shape[^1];
        var plan = Plan(given, rows, TrainingThreads);
        var table = Table(given, parameters);
        var (codeGradient, costGradient) = (gradients[0].contiguous(), gradients[1].contiguous());
        var means = torch.empty_like(codes);
        var logScales = torch.empty_like(codes);
        var hiddenGradient = torch.empty_like(hidden);
        var saidGradient = torch.empty_like(said);
        var constants = torch.empty([rows, 3 * _shape.Latents], device: codes.device);
        var driver = CudaDriver.Instance!;
        driver.Launch(
            "chain_backward",
            ((rows + TrainingRows - 1) / TrainingRows, 1, 1),
            (TrainingThreads, 1),
            SharedBytes(_shape, TrainingRows, TrainingThreads),
            CudaArgument.Of(&plan), CudaArgument.Of(&table), arranged, constant, noise, hidden, said,
            codeGradient, costGradient, means, logScales, hiddenGradient, saidGradient, constants);

        torch.Tensor[] targets =
        [
            .. parameters.Prepend(constant).Select((parameter, index) => _gradients[index] ?? torch.zeros_like(parameter)),
        ];
        var target = Table(given, targets[1..]);
        driver.Launch(
            "chain_weight_gradients",
            (_shape.Tiles, (_shape.Networks * _shape.Widths.Count) + 1, 1),
            (PerceptronLayer.TileThreads, 1),
            0,
            CudaArgument.Of(&plan), CudaArgument.Of(&target), targets[0], codes, hidden, hiddenGradient, saidGradient,
            constants);
        GC.KeepAlive((given, targets));
        long images = given[0].shape[0];
        return
        [
            .. OfEvidence(means, images), .. OfEvidence(logScales, images), null,
            .. targets.Select((gradient, index) => _gradients[index] is null ? gradient : null),
        ];
    }

    /// <summary>The gradient of each layer's evidence, [B, N], from those of its samples.</summary>
    private static torch.Tensor[] OfEvidence(torch.Tensor gradient, long images)
    {
        long layers = gradient.shape[0], latents = gradient.shape[^1];
        var samples = gradient.view(layers, -1, images, latents);
        return (samples.shape[1] == 1 ? samples.squeeze(1) : samples.sum([1])).unbind(0);
    }

    private static int SharedBytes(PerceptronChainShape shape, int rows, int threads)
    {
        int vectors = 5 * 4 * Fours(shape.Widest + 1);
        return sizeof(float) * rows * (vectors + (2 * shape.Latents) + (4 * threads));
    }

    private static int Fours(int count) => (count + 3) / 4;

    /// <summary>How products with the matrices of a map, [terms, columns], are cut for so many threads.</summary>
    private static CudaChainCut Cut(int start, int terms, int columns, int otherColumns, int threads)
    {
        int before = Fours(columns), width = before + Fours(otherColumns);
        int most = Math.Min(MostPieces, threads / width);
        int length = 4 * ((Fours(terms) + most - 1) / most);
        return new CudaChainCut
        {
            Start = start,
            Width = width,
            Before = before,
            Terms = 4 * Fours(terms),
            Pieces = (terms + length - 1) / length,
            Length = length,
        };
    }

    private CudaChainPlan Plan(torch.Tensor[] given, long rows, int threads)
    {
        var plan = new CudaChainPlan
        {
            Layers = _shape.Layers,
            Latents = _shape.Latents,
            Maps = _shape.Widths.Count,
            Rows = checked((int)rows),
            Images = (int)given[0].shape[0],
            Activation = _shape.Activation.CudaNumber(),
            LogRatio = _logRatio ? 1 : 0,
            NoiseStride = (int)given[2 * _shape.Layers].shape[^1],
            MeanStride = (int)given[0].stride(0),
            LogScaleStride = (int)given[_shape.Layers].stride(0),
            Widest = _shape.Widest,
            Bounds = _bounds.OnCuda,
        };
        for (int map = 0; map < _shape.Widths.Count; map++)
        {
            int inputs = _shape.Widths[map];
            bool isLast = map == _shape.Widths.Count - 1;
            int prior = isLast ? 2 * _shape.Latents : _shape.Widths[map + 1];
            int bijector = isLast ? 3 * _shape.Latents : prior;
            plan.Inputs[map] = inputs;
            plan.HiddenBefore[map] = map < 2 ? 0 : plan.HiddenBefore[map - 1] + _shape.Widths[map - 1];
            plan.Forward[map] = Cut(plan.LayerFours, inputs + 1, prior, bijector, threads);
            plan.LayerFours += plan.Forward[map].Width * plan.Forward[map].Terms;
            plan.Backward[map] = Cut(plan.LayerFours, bijector, inputs, inputs, threads);
            plan.LayerFours += plan.Backward[map].Width * plan.Backward[map].Terms;
        }

        return plan;
    }

    /// <summary>Where weights and biases, or their gradients, and after them the residuals of the evidence lie.</summary>
    private CudaChainTable Table(torch.Tensor[] given, IReadOnlyList<torch.Tensor> parameters)
    {
        var table = new CudaChainTable();
        int next = 0;
        foreach (var parameter in parameters)
        {
            table.At[next++] = CudaMemory.Of(parameter);
        }

        foreach (var residual in given[..(2 * _shape.Layers)])
        {
            table.At[next++] = CudaMemory.Of(residual);
        }

        return table;
    }

    /// <summary>ChainTable of PerceptronChain.cu.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct CudaChainTable
    {
        public fixed long At[MostPointers];
    }

    /// <summary>ChainPlan of PerceptronChain.cu.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct CudaChainPlan
    {
        public int Layers;
        public int Latents;
        public int Maps;
        public int Rows;
        public int Images;
        public int Activation;
        public int LogRatio;
        public int NoiseStride;
        public int MeanStride;
        public int LogScaleStride;
        public int Widest;
        public fixed int Inputs[MostMaps];
        public fixed int HiddenBefore[MostMaps];
        public Cuts Forward;
        public Cuts Backward;
        public int LayerFours;
        public CudaChainStepBounds Bounds;

        [InlineArray(MostMaps)]
        public struct Cuts
        {
#pragma warning disable RCS1213 // The compiler makes the array of it.
            private CudaChainCut _first;
#pragma warning restore RCS1213
        }
    }

    /// <summary>ChainCut of PerceptronChain.cu.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct CudaChainCut
    {
        public int Start;
        public int Width;
        public int Before;
        public int Terms;
        public int Pieces;
        public int Length;
    }
}

/// <summary>The sizes of a chain of perceptrons.</summary>
/// <param name="Layers">L.</param>
/// <param name="Latents">N of each layer.</param>
/// <param name="Widths">What each map of a network takes: N, and the hidden widths.</param>
/// <param name="Activation">That of the hidden layers.</param>
internal sealed record PerceptronChainShape(int Layers, int Latents, IReadOnlyList<int> Widths, Activation? Activation)
{
    /// <summary>Networks: a prior's and a bijector's for each layer but the first.</summary>
    public int Networks { get; } = 2 * (Layers - 1);

    /// <summary>Features of a row that a network keeps.</summary>
    public int Hidden { get; } = Widths.Skip(1).Sum();

    /// <summary>Numbers of the widest vector of a row.</summary>
    public int Widest { get; } = Math.Max(Widths.Max(), 3 * Latents);

    /// <summary>Squares of 32 by 32 weights of the largest map.</summary>
    public int Tiles { get; } = Enumerable.Range(0, Widths.Count)
        .Max(map => (Widths[map] + 31) / 32 * (((map + 1 < Widths.Count ? Widths[map + 1] : 3 * Latents) + 31) / 32));
}

/// <summary>What all steps of a chain take.</summary>
/// <param name="Shape">The sizes.</param>
/// <param name="MeanResiduals">dm of each layer, [B, N], rows at equal distances.</param>
/// <param name="LogScaleResiduals">log ds of each layer, as many.</param>
/// <param name="Noise">Standard normal noise of all layers side by side, [..., L N].</param>
/// <param name="Constant">The unbounded parameters of the first layer's bijector, [3 N].</param>
/// <param name="Parameters">
/// Of each further layer the prior's maps and then the bijector's, of each map weight [O, I] and bias [O].
/// </param>
/// <param name="Bounds">What bounds the parameters.</param>
internal sealed record PerceptronChainInputs(
    PerceptronChainShape Shape,
    IReadOnlyList<torch.Tensor> MeanResiduals,
    IReadOnlyList<torch.Tensor> LogScaleResiduals,
    torch.Tensor Noise,
    torch.Tensor Constant,
    IReadOnlyList<torch.Tensor> Parameters,
    ChainStepBounds Bounds);
