using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>A draw from the posterior, as the bounds need it.</summary>
/// <param name="Codes">z_l of each layer, [..., N_l].</param>
/// <param name="Costs">
/// Of each layer and example in nats, [...]: KL(q || p) where the draw is for the ELBO, log p(eps_l) - log q(eps_l) where
/// it is for importance weights.
/// </param>
public sealed record PosteriorDraw(IReadOnlyList<torch.Tensor> Codes, IReadOnlyList<torch.Tensor> Costs);
