namespace Sere.Models.Configuration;

/// <summary>The precision of the factors of matrix products in training. Evaluation is always in float32.</summary>
public enum TrainingPrecision
{
    /// <summary>float32; JSON "fp32".</summary>
    Fp32,

    /// <summary>
    /// bfloat16, 8 bits of mantissa, with sums, weights, gradients and moments in float32; JSON "bf16". It is faster where the
    /// processor has instructions for it (AVX-512 BF16 or AMX), and slower elsewhere.
    /// </summary>
    Bf16,
}
