using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Kernels;

/// <summary>
/// One step of the chain in one pass: bounds, residual posterior (eq. 9), what it costs (eq. 10, or log p - log q), and the
/// code z = c + d eps + u (u^T eps). Each of these tensor operations alone would take longer to call than to compute.
/// </summary>
internal sealed unsafe class ChainStep : FusedOperation
{
    private const double HalfLogTwoPi = 0.91893853320467274178;

    // Rows of a piece.
    private const int RowBlock = 64;

    // An element costs as much as so many of a single addition, which ParallelWork reckons with; backward, twice as many.
    private const int Effort = 32;

    private readonly ChainStepBounds _bounds;
    private readonly bool _logRatio;

    private ChainStep(ChainStepBounds bounds, bool logRatio)
    {
        (_bounds, _logRatio) = (bounds, logRatio);
    }

    /// <summary>The code [..., N], and [...]: the divergence in nats, or where asked for log p(eps) - log q(eps).</summary>
    public static (torch.Tensor Code, torch.Tensor Cost) Apply(ChainStepInputs inputs, bool logRatio)
    {
        // The largest tensor is that of the bijector. The kernel's gradient is that of the divergence for one sample an image.
        var noise = inputs.Noise;
        if (!FusedKernels.TakeOnCuda(noise, noise)
            && (!FusedKernels.Take(noise, 3 * noise.numel(), noise)
                || (torch.is_grad_enabled() && (logRatio || noise.dim() != 2))))
        {
            return Plain(inputs, logRatio);
        }

        var results = new ChainStep(inputs.Bounds, logRatio).Run(
            inputs.Prior,
            inputs.Bijector.dim() == 1 ? inputs.Bijector.expand([.. noise.shape[..^1], -1]) : inputs.Bijector,
            inputs.MeanResidual,
            inputs.LogScaleResidual,
            noise);
        return (results[0], results[1]);
    }

    /// <inheritdoc/>
    protected override (torch.Tensor[] Results, torch.Tensor[] Kept) Forward(torch.Tensor?[] inputs)
    {
        if (inputs[^1]!.device_type == DeviceType.CUDA)
        {
            return ForwardOnCuda(inputs);
        }

        var rows = new Rows(inputs);
        long[] shape = inputs[^1]!.shape;
        int latents = (int)shape[^1];
        var code = torch.empty(shape);
        var cost = torch.empty(shape[..^1]);
        float* codes = FloatMemory.Of(code);
        float* costs = FloatMemory.Of(cost);
        ParallelWork.ForRows((int)cost.numel(), RowBlock, code.numel() * Effort, row =>
            costs[row] = ForwardRow(rows.At(row), codes + ((long)row * latents), latents, _bounds, _logRatio));
        GC.KeepAlive(rows);
        return ([code, cost], [.. inputs.OfType<torch.Tensor>()]);
    }

    /// <summary>What the forward pass computed is cheaper to compute again than to keep.</summary>
    protected override torch.Tensor?[] Backward(List<torch.Tensor> kept, List<torch.Tensor> gradients)
    {
        torch.Tensor?[] inputs = kept.Count == 5 ? [.. kept] : [null, .. kept];
        if (inputs[^1]!.device_type == DeviceType.CUDA)
        {
            return BackwardOnCuda(inputs, gradients);
        }

        var rows = new Rows(inputs);
        long[] shape = inputs[^1]!.shape;
        int latents = (int)shape[1];
        var prior = inputs[0] is null ? null : torch.empty([shape[0], 2 * latents]);
        var bijector = torch.empty([shape[0], 3 * latents]);
        var (meanResidual, logScaleResidual) = (torch.empty(shape), torch.empty(shape));
        float* priors = prior is null ? null : FloatMemory.Of(prior);
        float* bijectors = FloatMemory.Of(bijector);
        float* meanResiduals = FloatMemory.Of(meanResidual);
        float* logScaleResiduals = FloatMemory.Of(logScaleResidual);
        var code = new RowMemory(gradients[0]);
        var divergence = new RowMemory(gradients[1].unsqueeze(1));
        ParallelWork.ForRows((int)shape[0], RowBlock, shape[0] * latents * 2 * Effort, row =>
        {
            long first = (long)row * latents;
            BackwardRow(
                rows.At(row),
                code.Row(row),
                *divergence.Row(row),
                priors == null ? null : priors + (2 * first),
                bijectors + (3 * first),
                meanResiduals + first,
                logScaleResiduals + first,
                latents,
                _bounds);
        });
        GC.KeepAlive((rows, code, divergence));
        return [prior, bijector, meanResidual, logScaleResidual, null];
    }

    private static int CudaThreads(int latents) => latents <= 32 ? 32 : latents <= 64 ? 64 : 128;

    private static CudaRows?[] CudaRowsOf(torch.Tensor?[] inputs) =>
    [
        .. inputs.Select(input => input is null ? null
            : new CudaRows(RowMemory.HasEqualDistances(input) ? input : input.contiguous())),
    ];

    private (torch.Tensor[] Results, torch.Tensor[] Kept) ForwardOnCuda(torch.Tensor?[] inputs)
    {
        var rows = CudaRowsOf(inputs);
        long[] shape = inputs[^1]!.shape;
        int latents = (int)shape[^1];
        var code = torch.empty(shape, device: inputs[^1]!.device);
        var cost = torch.empty(shape[..^1], device: code.device);
        var bounds = _bounds.OnCuda;
        CudaDriver.Instance!.Launch(
            "chain_step_forward",
            (cost.numel(), 1, 1),
            (CudaThreads(latents), 1),
            0,
            rows[0]?.Tensor, rows[0]?.Stride ?? 0, rows[1]!.Tensor, rows[1]!.Stride, rows[2]!.Tensor, rows[2]!.Stride,
            rows[3]!.Tensor, rows[3]!.Stride, rows[4]!.Tensor, rows[4]!.Stride, code, cost,
            (int)rows[2]!.Count, latents, _logRatio ? 1 : 0, CudaArgument.Of(&bounds));
        return ([code, cost], [.. inputs.OfType<torch.Tensor>()]);
    }

    private torch.Tensor?[] BackwardOnCuda(torch.Tensor?[] inputs, List<torch.Tensor> gradients)
    {
        var rows = CudaRowsOf(inputs);
        long[] shape = inputs[^1]!.shape;
        int latents = (int)shape[^1];
        var device = inputs[^1]!.device;
        var prior = inputs[0] is null ? null : torch.empty([.. shape[..^1], 2 * latents], device: device);
        var bijector = torch.empty([.. shape[..^1], 3 * latents], device: device);
        var (mean, logScale) = (torch.empty(shape, device: device), torch.empty(shape, device: device));
        var bounds = _bounds.OnCuda;
        CudaDriver.Instance!.Launch(
            "chain_step_backward",
            (rows[4]!.Count, 1, 1),
            (CudaThreads(latents), 1),
            0,
            rows[0]?.Tensor, rows[0]?.Stride ?? 0, rows[1]!.Tensor, rows[1]!.Stride, rows[2]!.Tensor, rows[2]!.Stride,
            rows[3]!.Tensor, rows[3]!.Stride, rows[4]!.Tensor, rows[4]!.Stride,
            gradients[0].contiguous(), gradients[1].contiguous(), prior, bijector, mean, logScale,
            (int)rows[2]!.Count, latents, _logRatio ? 1 : 0, CudaArgument.Of(&bounds));
        return
        [
            prior, bijector, SumOverRows(mean, inputs[2]!.shape), SumOverRows(logScale, inputs[3]!.shape), null,
        ];
    }

    /// <summary>The gradient of evidence that serves all samples again.</summary>
    private static torch.Tensor SumOverRows(torch.Tensor gradient, long[] shape) =>
        gradient.shape.SequenceEqual(shape) ? gradient : gradient.view([-1, .. shape]).sum([0]);

    private static (torch.Tensor Code, torch.Tensor Cost) Plain(ChainStepInputs inputs, bool logRatio)
    {
        var (bounds, noise) = (inputs.Bounds, inputs.Noise);
        var (meanResidual, logScaleResidual) = (inputs.MeanResidual, inputs.LogScaleResidual);
        var prior = inputs.Prior?.chunk(2, -1);
        var mean = prior is null
            ? torch.zeros(noise.shape[^1], noise.dtype, noise.device) : SmoothBounds.Symmetric(prior[0], bounds.MeanBound);
        var logScale = prior is null ? mean : bounds.LogScale.Apply(prior[1]);

        // eq. 9
        var posteriorMean = TensorMath.MultiplyAdd(meanResidual, mean, logScaleResidual.exp());
        var posteriorLogScale = logScale.Plus(logScaleResidual);
        var latent = TensorMath.MultiplyAdd(posteriorMean, posteriorLogScale.exp(), noise);

        var parameters = inputs.Bijector.chunk(3, -1);
        var direction = parameters[2].tanh().Times(bounds.DirectionBound);
        var code = TensorMath.MultiplyAdd(
            TensorMath.MultiplyAdd(parameters[0], bounds.Diagonal.Apply(parameters[1]), latent),
            direction,
            (direction * latent).sum(-1, keepdim: true));
        if (logRatio)
        {
            return (code, LogDensity(latent, mean, logScale) - LogDensity(latent, posteriorMean, posteriorLogScale));
        }

        // eq. 10
        var shift = TensorMath.MultiplyAdd(meanResidual, logScaleResidual.expm1(), mean) * (-logScale).exp();
        var divergence = shift.Square().Plus(logScaleResidual.Times(2).expm1()).Times(0.5) - logScaleResidual;
        return (code, divergence.sum(-1));
    }

    private static torch.Tensor LogDensity(torch.Tensor x, torch.Tensor mean, torch.Tensor logScale)
    {
        var standardized = (x - mean) * (-logScale).exp();
        return (standardized.Square().Times(-0.5) - logScale).Minus(HalfLogTwoPi).sum(-1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float ForwardRow(in Row row, float* code, int latents, ChainStepBounds bounds, bool logRatio)
    {
        var cost = Vector256<float>.Zero;
        var projection = Vector256<float>.Zero;
        for (int i = 0; i < latents; i += Vector256<float>.Count)
        {
            var element = new Element(row, i, latents, bounds);
            cost += logRatio ? element.LogRatio : element.Divergence;
            projection += element.Direction * element.BaseLatent;
            FloatMemory.Store(element.Offset + (element.Diagonal * element.BaseLatent), code + i, latents - i);
        }

        var sum = Vector256.Create(Vector256.Sum(projection));
        for (int i = 0; i < latents; i += Vector256<float>.Count)
        {
            int count = latents - i;
            var direction = VectorMath.Tanh(FloatMemory.Load(row.Bijector + (2 * latents) + i, count)) * bounds.Direction;
            FloatMemory.Store(FloatMemory.Load(code + i, count) + (direction * sum), code + i, count);
        }

        return Vector256.Sum(cost);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackwardRow(
        in Row row,
        float* codeGradient,
        float divergenceGradient,
        float* prior,
        float* bijector,
        float* meanResidual,
        float* logScaleResidual,
        int latents,
        ChainStepBounds bounds)
    {
        var one = Vector256<float>.One;
        var projections = Vector256<float>.Zero;
        var pulls = Vector256<float>.Zero;
        for (int i = 0; i < latents; i += Vector256<float>.Count)
        {
            var element = new Element(row, i, latents, bounds);
            projections += element.Direction * element.BaseLatent;
            pulls += element.Direction * FloatMemory.Load(codeGradient + i, latents - i);
        }

        // u^T eps and u^T (gradient of z).
        var projection = Vector256.Create(Vector256.Sum(projections));
        var pull = Vector256.Create(Vector256.Sum(pulls));
        var divergence = Vector256.Create(divergenceGradient);
        for (int i = 0; i < latents; i += Vector256<float>.Count)
        {
            int count = latents - i;
            var element = new Element(row, i, latents, bounds);
            var code = FloatMemory.Load(codeGradient + i, count);
            var diagonal = code * element.BaseLatent;
            var direction = (code * projection) + (pull * element.BaseLatent);
            var latent = (code * element.Diagonal) + (pull * element.Direction);
            FloatMemory.Store(code, bijector + i, count);
            FloatMemory.Store(
                diagonal * bounds.DiagonalWidth * element.DiagonalSigmoid * (one - element.DiagonalSigmoid),
                bijector + latents + i,
                count);
            FloatMemory.Store(
                direction * bounds.Direction * (one - (element.DirectionTangent * element.DirectionTangent)),
                bijector + (2 * latents) + i,
                count);

            var shift = divergence * element.Shift * element.InverseScale;
            FloatMemory.Store(latent + shift, meanResidual + i, count);
            FloatMemory.Store(
                (latent * ((element.Mean * element.ScaleResidual) + element.ScaledNoise))
                    + (shift * element.ScaleResidual * element.Mean)
                    + (divergence * ((element.ScaleResidual * element.ScaleResidual) - one)),
                logScaleResidual + i,
                count);
            if (prior != null)
            {
                var mean = (latent * element.ScaleResidual) + (shift * (element.ScaleResidual - one));
                var logScale = (latent * element.ScaledNoise) - (divergence * element.Shift * element.Shift);
                FloatMemory.Store(mean * (one - (element.MeanTangent * element.MeanTangent)), prior + i, count);
                FloatMemory.Store(
                    logScale * bounds.LogScaleWidth * element.LogScaleSigmoid * (one - element.LogScaleSigmoid),
                    prior + latents + i,
                    count);
            }
        }
    }

    /// <summary>What one row takes; the prior's may be null for N(0, I).</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly struct Row(float* prior, float* bijector, float* meanResidual, float* logScaleResidual, float* noise)
    {
        public readonly float* Prior = prior;
        public readonly float* Bijector = bijector;
        public readonly float* MeanResidual = meanResidual;
        public readonly float* LogScaleResidual = logScaleResidual;
        public readonly float* Noise = noise;
    }

    /// <summary>The rows of the inputs.</summary>
    private sealed class Rows(torch.Tensor?[] inputs)
    {
        private readonly RowMemory?[] _inputs = [.. inputs.Select(input => input is null ? null : new RowMemory(input))];

        public Row At(int row) => new(
            _inputs[0] is null ? null : _inputs[0]!.Row(row),
            _inputs[1]!.Row(row),
            _inputs[2]!.Row(row),
            _inputs[3]!.Row(row),
            _inputs[4]!.Row(row));
    }

    /// <summary>The elementwise part of a step for latents i.. of a row, and what its gradients follow from.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly struct Element
    {
        // The mean and the log-scale of the prior, mu and log s, with what their bounds are made of; and 1 / s.
        public readonly Vector256<float> MeanTangent;
        public readonly Vector256<float> Mean;
        public readonly Vector256<float> LogScaleSigmoid;
        public readonly Vector256<float> InverseScale;

        // log ds and ds; noise and s ds noise; eps.
        public readonly Vector256<float> LogScaleResidual;
        public readonly Vector256<float> ScaleResidual;
        public readonly Vector256<float> Noise;
        public readonly Vector256<float> ScaledNoise;
        public readonly Vector256<float> BaseLatent;

        // (dm - (1 - ds) mu) / s: how far the posterior's mean lies from the prior's, in standard deviations of the prior.
        public readonly Vector256<float> Shift;

        // c, d and u of the bijector.
        public readonly Vector256<float> Offset;
        public readonly Vector256<float> DiagonalSigmoid;
        public readonly Vector256<float> Diagonal;
        public readonly Vector256<float> DirectionTangent;
        public readonly Vector256<float> Direction;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Element(in Row row, int i, int latents, ChainStepBounds bounds)
        {
            int count = latents - i;
            var logScale = Vector256<float>.Zero;
            if (row.Prior != null)
            {
                MeanTangent = VectorMath.Tanh(FloatMemory.Load(row.Prior + i, count) * bounds.InverseMean);
                Mean = MeanTangent * bounds.Mean;
                LogScaleSigmoid = VectorMath.Sigmoid(
                    FloatMemory.Load(row.Prior + latents + i, count) + Vector256.Create(bounds.LogScaleOffset));
                logScale = (LogScaleSigmoid * bounds.LogScaleWidth) + Vector256.Create(bounds.LogScaleFloor);
            }

            LogScaleResidual = FloatMemory.Load(row.LogScaleResidual + i, count);
            ScaleResidual = VectorMath.Exp(LogScaleResidual);
            Noise = FloatMemory.Load(row.Noise + i, count);
            InverseScale = VectorMath.Exp(-logScale);
            var meanResidual = FloatMemory.Load(row.MeanResidual + i, count);

            // eq. 9: eps = dm + mu ds + s ds noise
            ScaledNoise = ScaleResidual / InverseScale * Noise;
            BaseLatent = meanResidual + (Mean * ScaleResidual) + ScaledNoise;
            Shift = (meanResidual + ((ScaleResidual - Vector256<float>.One) * Mean)) * InverseScale;

            Offset = FloatMemory.Load(row.Bijector + i, count);
            DiagonalSigmoid = VectorMath.Sigmoid(
                FloatMemory.Load(row.Bijector + latents + i, count) + Vector256.Create(bounds.DiagonalOffset));
            Diagonal = (DiagonalSigmoid * bounds.DiagonalWidth) + Vector256.Create(bounds.DiagonalFloor);
            DirectionTangent = VectorMath.Tanh(FloatMemory.Load(row.Bijector + (2 * latents) + i, count));
            Direction = DirectionTangent * bounds.Direction;
        }

        /// <summary>Eq. 10 of each latent in nats; 0 beyond the last.</summary>
        public Vector256<float> Divergence
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => (((Shift * Shift) + (ScaleResidual * ScaleResidual) - Vector256<float>.One) * 0.5f) - LogScaleResidual;
        }

        /// <summary>log p(eps) - log q(eps) of each latent in nats; 0 beyond the last.</summary>
        public Vector256<float> LogRatio
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get
            {
                // In standard deviations of the prior, eps lies shift + ds noise from the prior's mean.
                var distance = Shift + (ScaleResidual * Noise);
                return LogScaleResidual + (((Noise * Noise) - (distance * distance)) * 0.5f);
            }
        }
    }
}

/// <summary>What one step of the chain takes, before any bound.</summary>
/// <param name="Prior">Mean and log-scale of the prior before their bounds, [..., 2N]; null for N(0, I).</param>
/// <param name="Bijector">(c, d, u) before their bounds, [..., 3N] or [3N].</param>
/// <param name="MeanResidual">dm, [B, N].</param>
/// <param name="LogScaleResidual">log ds, [B, N].</param>
/// <param name="Noise">Standard normal noise, [..., N].</param>
/// <param name="Bounds">The bounds.</param>
internal sealed record ChainStepInputs(
    torch.Tensor? Prior,
    torch.Tensor Bijector,
    torch.Tensor MeanResidual,
    torch.Tensor LogScaleResidual,
    torch.Tensor Noise,
    ChainStepBounds Bounds);

/// <summary>The smooth bounds of a chain step, and their constants in float32.</summary>
/// <param name="MeanBound">Bound of mu.</param>
/// <param name="LogScale">Interval of log s.</param>
/// <param name="Diagonal">Interval of d.</param>
/// <param name="DirectionBound">Bound of u.</param>
internal sealed record ChainStepBounds(
    double MeanBound, SmoothInterval LogScale, SmoothInterval Diagonal, double DirectionBound)
{
    public readonly float Mean = (float)MeanBound;
    public readonly float InverseMean = (float)(1 / MeanBound);
    public readonly float LogScaleFloor = (float)LogScale.Floor;
    public readonly float LogScaleWidth = (float)LogScale.Width;
    public readonly float LogScaleOffset = (float)LogScale.Offset;
    public readonly float DiagonalFloor = (float)Diagonal.Floor;
    public readonly float DiagonalWidth = (float)Diagonal.Width;
    public readonly float DiagonalOffset = (float)Diagonal.Offset;
    public readonly float Direction = (float)DirectionBound;

    /// <summary>As the kernels of a CUDA device take them.</summary>
    public CudaChainStepBounds OnCuda => new()
    {
        Mean = Mean,
        LogScaleFloor = LogScaleFloor,
        LogScaleWidth = LogScaleWidth,
        LogScaleOffset = LogScaleOffset,
        DiagonalFloor = DiagonalFloor,
        DiagonalWidth = DiagonalWidth,
        DiagonalOffset = DiagonalOffset,
        Direction = Direction,
    };
}

/// <summary>ChainStepBounds of ChainStep.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CudaChainStepBounds
{
    public float Mean;
    public float LogScaleFloor;
    public float LogScaleWidth;
    public float LogScaleOffset;
    public float DiagonalFloor;
    public float DiagonalWidth;
    public float DiagonalOffset;
    public float Direction;
}
