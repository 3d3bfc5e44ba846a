namespace Sere.Data;

/// <summary>How grey values become the values that a model is given.</summary>
public enum BinarizationRule
{
    /// <summary>A value is 1 with the probability that its grey value says, drawn anew each time; else 0.</summary>
    Dynamic,

    /// <summary>A value is 1 from grey value 128 on; else 0.</summary>
    Threshold,

    /// <summary>No binarization: grey values scaled to [0, 1].</summary>
    None,

    /// <summary>
    /// No binarization, and bytes become real values: level v becomes (v + u) / 256 with u uniform in [0, 1), drawn anew each
    /// time (<see cref="DequantizationRule.Uniform"/>).
    /// </summary>
    Dequantized,
}
