using Sere.Numerics;
using TorchSharp;

namespace Sere.Models;

/// <summary>The terms of the evidence lower bound (eq. 2), in nats.</summary>
/// <param name="LogLikelihood">log p(x | z) of one draw of z, [B].</param>
/// <param name="KlPerLayer">Kullback-Leibler divergence of each layer, [L, B].</param>
public sealed record ElboTerms(torch.Tensor LogLikelihood, torch.Tensor KlPerLayer)
{
    /// <summary>The bound itself, to be maximized: [B].</summary>
    public torch.Tensor Elbo => Annealed(1);

    /// <summary>The bound with the divergence weighted by beta: [B].</summary>
    public torch.Tensor Annealed(double beta)
    {
        var kl = KlPerLayer.sum([0]);
        return LogLikelihood - (beta == 1 ? kl : kl.Times(beta));
    }
}
