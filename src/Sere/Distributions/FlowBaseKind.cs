namespace Sere.Distributions;

/// <summary>The distribution that a flow starts from.</summary>
public enum FlowBaseKind
{
    /// <summary>N(0, I).</summary>
    Standard,

    /// <summary>Independent normal dimensions.</summary>
    Diagonal,

    /// <summary>A normal of the precision diag(d) + u u^T (Rezende et al. 2014).</summary>
    UnitRank,
}
