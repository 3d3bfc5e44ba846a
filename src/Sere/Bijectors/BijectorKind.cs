namespace Sere.Bijectors;

/// <summary>Which map f_l takes the base latents of a layer to its code.</summary>
public enum BijectorKind
{
    /// <summary>z = eps.</summary>
    Identity,

    /// <summary>z = c + diag(d) eps.</summary>
    DiagonalAffine,

    /// <summary>z = c + (diag(d) + u u^T) eps, the paper's (section 3.1).</summary>
    RankOneAffine,

    /// <summary>An inverse autoregressive flow (Kingma et al. 2016).</summary>
    InverseAutoregressive,

    /// <summary>A neural spline flow of coupling transformations (Durkan et al. 2019).</summary>
    SplineCoupling,
}
