namespace Sere.Models.Configuration;

/// <summary>How grey values become binary pixels.</summary>
public enum BinarizationKind
{
    /// <summary>
    /// Each epoch draws new binary images with the grey values as Bernoulli means; evaluation images are drawn once, by
    /// seed; JSON "dynamic".
    /// </summary>
    Dynamic,

    /// <summary>A pixel is one where its grey value is at least one half; JSON "threshold".</summary>
    Threshold,

    /// <summary>Grey values are used as they are; JSON "none".</summary>
    None,
}
