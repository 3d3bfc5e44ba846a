namespace Sere.Models.Configuration;

/// <summary>How the evidence enters the approximate posterior of a layer whose prior has mean mu and scale s.</summary>
public enum PosteriorResidual
{
    /// <summary>Eq. 9 as printed: mean mu ds(x) + dm(x), scale s ds(x); JSON "scaled".</summary>
    Scaled,

    /// <summary>Mean mu + dm(x), scale s ds(x); JSON "additive".</summary>
    Additive,
}
