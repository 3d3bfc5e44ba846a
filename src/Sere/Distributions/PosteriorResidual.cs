namespace Sere.Distributions;

/// <summary>How the evidence refines the distribution given the codes above (section 3.4.2).</summary>
public enum PosteriorResidual
{
    /// <summary>N(mu ds + dm, s ds): eq. 9 as printed.</summary>
    Scaled,

    /// <summary>N(mu + dm, s ds): the evidence moves the mean without scaling it.</summary>
    Additive,

    /// <summary>N(dm, ds): of the evidence alone, with ds not bounded by 1.</summary>
    Free,
}
