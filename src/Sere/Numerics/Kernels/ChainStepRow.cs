using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sere.Numerics.Kernels;

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
