using Sere.Numerics;
using TorchSharp;

namespace Sere.Models;

/// <summary>
/// The terms of the importance-weighted bound of K draws z_k from q(z | x) (Burda et al. 2016), in nats: log w_k =
/// log p(x | z_k) + log p(z_k) - log q(z_k | x).
/// </summary>
/// <param name="LogLikelihood">log p(x | z_k), [K, B].</param>
/// <param name="LogRatioPerLayer">log p - log q of each layer's latents, [L, K, B].</param>
public sealed record ImportanceWeightedTerms(torch.Tensor LogLikelihood, torch.Tensor LogRatioPerLayer)
{
    /// <summary>The bound itself, to be maximized: log 1/K sum_k w_k, [B].</summary>
    public torch.Tensor Bound => Annealed(1);

    /// <summary>The mean of log w_k over the K draws, whose expectation is the ELBO: [B].</summary>
    public torch.Tensor Elbo => LogWeights(1).mean([0]);

    /// <summary>
    /// log q - log p of each layer, mean over the K draws: [L, B]. Its expectation is the layer's Kullback-Leibler
    /// divergence; the estimate itself may be negative.
    /// </summary>
    public torch.Tensor KlPerLayer => -LogRatioPerLayer.mean([1]);

    /// <summary>The bound with log p(z_k) - log q(z_k | x) weighted by beta in every log w_k: [B].</summary>
    public torch.Tensor Annealed(double beta)
    {
        var logWeights = LogWeights(beta);
        return logWeights.logsumexp(0).Minus(Math.Log(logWeights.shape[0]));
    }

    private torch.Tensor LogWeights(double beta)
    {
        var logRatio = LogRatioPerLayer.sum([0]);
        return LogLikelihood.Plus(beta == 1 ? logRatio : logRatio.Times(beta));
    }
}
