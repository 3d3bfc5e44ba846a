using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sere.Numerics.Kernels;

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
