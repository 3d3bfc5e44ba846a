using Sere.Distributions;

namespace Sere.Hierarchies;

/// <summary>The evidence of a layer of a ladder: a Gaussian of x, which the prior is merged with.</summary>
/// <param name="Normal">N(m(x), s(x)), [B, N_l].</param>
public sealed record GaussianEvidence(DiagonalNormal Normal) : LayerEvidence;
