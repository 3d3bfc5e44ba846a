namespace Sere.Data;

/// <summary>Whether the levels of bytes become real values that a density can be of.</summary>
public enum DequantizationRule
{
    /// <summary>They do not.</summary>
    None,

    /// <summary>Level v becomes (v + u) / 256 with u uniform in [0, 1), drawn anew each time.</summary>
    Uniform,
}
