namespace Sere.Numerics;

/// <summary>In what precision the factors of matrix products are taken; sums and all else are float32.</summary>
internal enum ProductPrecision
{
    /// <summary>As they are.</summary>
    Full,

    /// <summary>Rounded to bfloat16: 8 bits of mantissa.</summary>
    BFloat16,
}
