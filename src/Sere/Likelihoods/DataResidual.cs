namespace Sere.Likelihoods;

/// <summary>How the previous block refines a data layer: gamma_l = gamma1_l(z_l) + delta_l (section 3.4.2).</summary>
public enum DataResidual
{
    /// <summary>delta_l(x_{l-1}, z_l): a third network joins the features of both; its weights on z start at zero.</summary>
    Joint,

    /// <summary>delta_l(x_{l-1}): the evidence alone.</summary>
    Evidence,
}
