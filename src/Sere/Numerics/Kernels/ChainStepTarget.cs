using System.Runtime.InteropServices;

namespace Sere.Numerics.Kernels;

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
