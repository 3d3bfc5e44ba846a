using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>Where the base latent eps_l of a top-down step comes from.</summary>
public abstract record LatentSource
{
    private LatentSource()
    {
    }

    /// <summary>Drawn from the posterior of the evidence: standard normal noise [..., N_l]; zeros give its mean.</summary>
    public sealed record Posterior(LayerEvidence Evidence, torch.Tensor Noise) : LatentSource;

    /// <summary>Drawn from the prior, with its standard deviation times a temperature: standard normal noise [..., N_l].</summary>
    public sealed record Prior(torch.Tensor Noise, double Temperature = 1) : LatentSource;

    /// <summary>Given: eps_l [..., N_l]; with the evidence, its density under the posterior can be asked too.</summary>
    public sealed record Given(torch.Tensor Latent, LayerEvidence? Evidence = null) : LatentSource;
}
