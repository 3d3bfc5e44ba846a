using Sere.Models;
using TorchSharp;

namespace Sere.Training;

/// <summary>What a training step maximizes, and what it reports of the same draws; all in nats.</summary>
/// <param name="Value">The mean over the images of the annealed bound, to be maximized: a scalar.</param>
/// <param name="LogLikelihood">log p(x | z), [B], or [K, B] of K samples.</param>
/// <param name="KlPerLayer">Divergence of each layer, [L, B]; of K samples an estimate from these.</param>
/// <param name="Bound">The K-sample bound with its full weights, [B]; null for the ELBO.</param>
internal sealed record TrainingObjective(
    torch.Tensor Value,
    torch.Tensor LogLikelihood,
    torch.Tensor KlPerLayer,
    torch.Tensor? Bound)
{
    /// <summary>
    /// The ELBO with its closed-form divergence (eq. 2), or with noise for several samples the importance-weighted bound.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="images">Data, [B, D].</param>
    /// <param name="noise">Standard normal noise, [B, NoiseSize] for the ELBO or [K, B, NoiseSize].</param>
    /// <param name="beta">Weight of log q(z | x) - log p(z), [1].</param>
    public static TrainingObjective Of(DensityModel model, torch.Tensor images, torch.Tensor noise, torch.Tensor beta)
    {
        var batch = model.Encode(images);
        if (noise.dim() == 2)
        {
            var terms = model.Elbo(batch, noise);
            return new TrainingObjective(terms.Annealed(beta).mean(), terms.LogLikelihood, terms.KlPerLayer, null);
        }

        var weighted = model.ImportanceWeighted(batch, noise);
        return new TrainingObjective(
            weighted.Annealed(beta).mean(), weighted.LogLikelihood, weighted.KlPerLayer, Detached(weighted));
    }

    /// <summary>What is reported of a batch in float64: sums over its images of log p(x | z), KL per layer, and the bound.</summary>
    public torch.Tensor Sums()
    {
        var logLikelihood = LogLikelihood.dim() == 2 ? LogLikelihood.mean([0]) : LogLikelihood;
        torch.Tensor[] sums = Bound is null
            ? [logLikelihood.sum().view(1), KlPerLayer.sum([1])]
            : [logLikelihood.sum().view(1), KlPerLayer.sum([1]), Bound.sum().view(1)];
        return torch.cat(sums).to(torch.ScalarType.Float64);
    }

    private static torch.Tensor Detached(ImportanceWeightedTerms terms)
    {
        using var noGrad = torch.no_grad();
        return terms.Bound;
    }
}
