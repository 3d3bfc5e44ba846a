using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>
/// One step of the chain in one pass: the base latent from the residual posterior (eq. 9), what it costs (eq. 10, or
/// log p - log q), and the code z = c + d eps + u (u^T eps).
/// </summary>
internal static unsafe class ChainStepKernel
{
    // Rows of a piece.
    private const int RowBlock = 64;

    // An element costs as much as so many of a single addition, which ParallelWork reckons with.
    private const int Effort = 32;

    /// <summary>The code [..., N], and [...]: the divergence in nats, or where asked for log p(eps) - log q(eps).</summary>
    public static (torch.Tensor Code, torch.Tensor Cost) Forward(ChainStepInputs inputs, bool logRatio)
    {
        long[] shape = inputs.Noise.shape;
        int latents = (int)shape[^1];
        int rows = (int)(inputs.Noise.numel() / latents);
        var code = torch.empty(shape);
        var cost = torch.empty(shape[..^1]);
        var source = new ChainStepRows(inputs, out object alive);
        nint codes = (nint)FloatMemory.Of(code);
        nint costs = (nint)FloatMemory.Of(cost);
        var bounds = inputs.Bounds;
        ParallelWork.For((rows + RowBlock - 1) / RowBlock, (long)rows * latents * Effort, piece =>
        {
            int last = Math.Min(rows, (piece + 1) * RowBlock);
            for (int row = piece * RowBlock; row < last; row++)
            {
                float* target = (float*)codes + ((long)row * latents);
                ((float*)costs)[row] = Row(source.At(row), target, latents, bounds, logRatio);
            }
        });
        GC.KeepAlive(alive);
        return (code, cost);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Row(in ChainStepRow row, float* code, int latents, in ChainStepBounds bounds, bool logRatio)
    {
        var cost = Vector256<float>.Zero;
        var projection = Vector256<float>.Zero;
        for (int i = 0; i < latents; i += Vector256<float>.Count)
        {
            var element = row.Element(i, latents, bounds);
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
}

/// <summary>
/// The elementwise part of a chain step for one vector of latents: the prior's bounds, eqs. 9 and 10, and the bounds of
/// the rank-one affine bijector. The gradients of <see cref="ChainStepGradientKernel"/> follow from the same quantities.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe struct ChainStepElement
{
    private static readonly Vector256<float> One = Vector256<float>.One;

    /// <summary>The quantities of latents i.. of a row; the prior's row may be null for N(0, I).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ChainStepElement(
        float* prior,
        float* bijector,
        float* meanResidual,
        float* logScaleResidual,
        float* noise,
        int i,
        int latents,
        in ChainStepBounds bounds)
    {
        int count = latents - i;
        if (prior != null)
        {
            MeanTangent = VectorMath.Tanh(FloatMemory.Load(prior + i, count) * bounds.InverseMean);
            Mean = MeanTangent * bounds.Mean;
            LogScaleSigmoid = VectorMath.Sigmoid(
                FloatMemory.Load(prior + latents + i, count) + Vector256.Create(bounds.LogScaleOffset));
            LogScale = (LogScaleSigmoid * bounds.LogScaleWidth) + Vector256.Create(bounds.LogScaleFloor);
        }

        LogScaleResidual = FloatMemory.Load(logScaleResidual + i, count);
        ScaleResidual = VectorMath.Exp(LogScaleResidual);
        Noise = FloatMemory.Load(noise + i, count);
        InverseScale = VectorMath.Exp(-LogScale);
        MeanResidual = FloatMemory.Load(meanResidual + i, count);

        // eq. 9: eps = dm + mu ds + s ds noise
        ScaledNoise = ScaleResidual / InverseScale * Noise;
        BaseLatent = MeanResidual + (Mean * ScaleResidual) + ScaledNoise;

        // How far the posterior's mean lies from the prior's, in standard deviations of the prior.
        Shift = (MeanResidual + ((ScaleResidual - One) * Mean)) * InverseScale;

        Offset = FloatMemory.Load(bijector + i, count);
        DiagonalSigmoid = VectorMath.Sigmoid(
            FloatMemory.Load(bijector + latents + i, count) + Vector256.Create(bounds.DiagonalOffset));
        Diagonal = (DiagonalSigmoid * bounds.DiagonalWidth) + Vector256.Create(bounds.DiagonalFloor);
        DirectionTangent = VectorMath.Tanh(FloatMemory.Load(bijector + (2 * latents) + i, count));
        Direction = DirectionTangent * bounds.Direction;
    }

    /// <summary>tanh of the prior's mean before its bound, scaled.</summary>
    public Vector256<float> MeanTangent { get; }

    /// <summary>mu.</summary>
    public Vector256<float> Mean { get; }

    /// <summary>The sigmoid in log s.</summary>
    public Vector256<float> LogScaleSigmoid { get; }

    /// <summary>log s.</summary>
    public Vector256<float> LogScale { get; }

    /// <summary>1 / s.</summary>
    public Vector256<float> InverseScale { get; }

    /// <summary>dm.</summary>
    public Vector256<float> MeanResidual { get; }

    /// <summary>log ds.</summary>
    public Vector256<float> LogScaleResidual { get; }

    /// <summary>ds.</summary>
    public Vector256<float> ScaleResidual { get; }

    /// <summary>The standard normal noise.</summary>
    public Vector256<float> Noise { get; }

    /// <summary>s ds noise.</summary>
    public Vector256<float> ScaledNoise { get; }

    /// <summary>eps.</summary>
    public Vector256<float> BaseLatent { get; }

    /// <summary>(dm - (1 - ds) mu) / s.</summary>
    public Vector256<float> Shift { get; }

    /// <summary>c.</summary>
    public Vector256<float> Offset { get; }

    /// <summary>The sigmoid in d.</summary>
    public Vector256<float> DiagonalSigmoid { get; }

    /// <summary>d.</summary>
    public Vector256<float> Diagonal { get; }

    /// <summary>The hyperbolic tangent in u.</summary>
    public Vector256<float> DirectionTangent { get; }

    /// <summary>u.</summary>
    public Vector256<float> Direction { get; }

    /// <summary>Eq. 10 of each latent in nats; 0 beyond the last.</summary>
    public Vector256<float> Divergence
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (((Shift * Shift) + (ScaleResidual * ScaleResidual) - One) * 0.5f) - LogScaleResidual;
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

/// <summary>The constants of the smooth bounds of a chain step, in float32.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct ChainStepBounds
{
    /// <summary>The constants of one layer.</summary>
    /// <param name="meanBound">Bound of mu.</param>
    /// <param name="logScale">Interval of log s.</param>
    /// <param name="diagonal">Interval of d.</param>
    /// <param name="directionBound">Bound of u.</param>
    public ChainStepBounds(double meanBound, SmoothInterval logScale, SmoothInterval diagonal, double directionBound)
    {
        Mean = (float)meanBound;
        InverseMean = (float)(1 / meanBound);
        LogScaleFloor = (float)logScale.Floor;
        LogScaleWidth = (float)logScale.Width;
        LogScaleOffset = (float)logScale.Offset;
        DiagonalFloor = (float)diagonal.Floor;
        DiagonalWidth = (float)diagonal.Width;
        DiagonalOffset = (float)diagonal.Offset;
        Direction = (float)directionBound;
    }

    /// <summary>Bound of mu.</summary>
    public float Mean { get; }

    /// <summary>1 / the bound of mu.</summary>
    public float InverseMean { get; }

    /// <summary>Lower end of log s.</summary>
    public float LogScaleFloor { get; }

    /// <summary>Width of the interval of log s.</summary>
    public float LogScaleWidth { get; }

    /// <summary>Offset of the sigmoid of log s.</summary>
    public float LogScaleOffset { get; }

    /// <summary>Lower end of d.</summary>
    public float DiagonalFloor { get; }

    /// <summary>Width of the interval of d.</summary>
    public float DiagonalWidth { get; }

    /// <summary>Offset of the sigmoid of d.</summary>
    public float DiagonalOffset { get; }

    /// <summary>Bound of u.</summary>
    public float Direction { get; }
}

/// <summary>What one step of the chain takes, before any bound.</summary>
/// <param name="Prior">Mean and log-scale of the prior before their bounds, [..., 2N]; null for N(0, I).</param>
/// <param name="Bijector">(c, d, u) before their bounds, [..., 3N].</param>
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

/// <summary>What one row of a chain step takes.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe struct ChainStepRow
{
    private readonly float* _prior;
    private readonly float* _meanResidual;
    private readonly float* _logScaleResidual;
    private readonly float* _noise;

    /// <summary>The row at its addresses; the prior's may be null for N(0, I).</summary>
    public ChainStepRow(float* prior, float* bijector, float* meanResidual, float* logScaleResidual, float* noise)
    {
        _prior = prior;
        Bijector = bijector;
        _meanResidual = meanResidual;
        _logScaleResidual = logScaleResidual;
        _noise = noise;
    }

    /// <summary>(c, d, u) before their bounds.</summary>
    public float* Bijector { get; }

    /// <summary>The quantities of latents i.. of the row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ChainStepElement Element(int i, int latents, in ChainStepBounds bounds) =>
        new(_prior, Bijector, _meanResidual, _logScaleResidual, _noise, i, latents, bounds);
}

/// <summary>The rows of what a chain step takes.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe struct ChainStepRows
{
    private readonly bool _coupled;
    private readonly RowMemory _prior;
    private readonly RowMemory _bijector;
    private readonly RowMemory _meanResidual;
    private readonly RowMemory _logScaleResidual;
    private readonly RowMemory _noise;

    /// <summary>The rows of the inputs.</summary>
    /// <param name="inputs">What the step takes.</param>
    /// <param name="alive">To be passed to <see cref="GC.KeepAlive"/> when the rows were read.</param>
    public ChainStepRows(ChainStepInputs inputs, out object alive)
    {
        torch.Tensor? prior = null;
        _coupled = inputs.Prior is not null;
        if (inputs.Prior is not null)
        {
            _prior = RowMemory.Of(inputs.Prior, out prior);
        }

        _bijector = RowMemory.Of(inputs.Bijector, out var bijector);
        _meanResidual = RowMemory.Of(inputs.MeanResidual, out var meanResidual);
        _logScaleResidual = RowMemory.Of(inputs.LogScaleResidual, out var logScaleResidual);
        _noise = RowMemory.Of(inputs.Noise, out var noise);
        alive = (prior, bijector, meanResidual, logScaleResidual, noise);
    }

    /// <summary>A row.</summary>
    public ChainStepRow At(int row) => new(
        _coupled ? _prior.Row(row) : null,
        _bijector.Row(row),
        _meanResidual.Row(row),
        _logScaleResidual.Row(row),
        _noise.Row(row));
}

/// <summary>Where the gradients of a chain step go.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe struct ChainStepTarget
{
    private readonly nint _prior;
    private readonly nint _bijector;
    private readonly nint _meanResidual;
    private readonly nint _logScaleResidual;
    private readonly int _latents;

    /// <summary>The memory of gradients that the caller keeps alive.</summary>
    public ChainStepTarget(ChainStepGradients gradients, int latents)
    {
        _prior = gradients.Prior is null ? 0 : (nint)FloatMemory.Of(gradients.Prior);
        _bijector = (nint)FloatMemory.Of(gradients.Bijector);
        _meanResidual = (nint)FloatMemory.Of(gradients.MeanResidual);
        _logScaleResidual = (nint)FloatMemory.Of(gradients.LogScaleResidual);
        _latents = latents;
    }

    /// <summary>A row.</summary>
    public ChainStepTargetRow At(int row)
    {
        long first = (long)row * _latents;
        return new ChainStepTargetRow(
            _prior == 0 ? null : (float*)_prior + (2 * first),
            (float*)_bijector + (3 * first),
            (float*)_meanResidual + first,
            (float*)_logScaleResidual + first);
    }
}

/// <summary>Where the gradients of one row go; the prior's may be null.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe struct ChainStepTargetRow
{
    /// <summary>The row at its addresses.</summary>
    public ChainStepTargetRow(float* prior, float* bijector, float* meanResidual, float* logScaleResidual)
    {
        Prior = prior;
        Bijector = bijector;
        MeanResidual = meanResidual;
        LogScaleResidual = logScaleResidual;
    }

    /// <summary>Gradient of the prior's mean and log-scale before their bounds.</summary>
    public float* Prior { get; }

    /// <summary>Gradient of (c, d, u) before their bounds.</summary>
    public float* Bijector { get; }

    /// <summary>Gradient of dm.</summary>
    public float* MeanResidual { get; }

    /// <summary>Gradient of log ds.</summary>
    public float* LogScaleResidual { get; }
}
