using System.Runtime.InteropServices;

namespace Sere.Numerics.Kernels;

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
