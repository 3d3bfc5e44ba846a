using Sere.Networks;
using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>
/// The latent side of a model: L layers of latent variables, walked top-down. The only sequential part; one
/// <see cref="Step"/> serves training, evaluation and generation.
/// </summary>
public abstract class Hierarchy : torch.nn.Module
{
    /// <summary>Sets the module's name.</summary>
    protected Hierarchy(string name)
        : base(name)
    {
    }

    /// <summary>Number of layers, L.</summary>
    public abstract int Layers { get; }

    /// <summary>Latent variables of all layers together: the noise that one example takes.</summary>
    public int TotalLatents => Enumerable.Range(0, Layers).Sum(Latents);

    /// <summary>Latent variables of layer <paramref name="layer"/>, N_l.</summary>
    public abstract int Latents(int layer);

    /// <summary>
    /// Whether the divergence of a step is a closed form for the codes drawn above it, or the log q - log p of the draw, which
    /// may be negative.
    /// </summary>
    public virtual bool HasClosedFormKl => true;

    /// <summary>What the features of an evidence encoder mean to each layer.</summary>
    public abstract IReadOnlyList<LayerEvidence> Interpret(EvidenceFeatures features);

    /// <summary>One top-down step.</summary>
    /// <param name="layer">l, from 0.</param>
    /// <param name="codes">The codes of all earlier layers, each [..., N]; the layer takes its parents' from them.</param>
    /// <param name="source">Where eps_l comes from.</param>
    public abstract LatentStep Step(int layer, IReadOnlyList<torch.Tensor> codes, LatentSource source);

    /// <summary>Walks all layers; <paramref name="source"/> gives each layer's source.</summary>
    public IReadOnlyList<LatentStep> Walk(Func<int, LatentSource> source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var steps = new List<LatentStep>(Layers);
        var codes = new List<torch.Tensor>(Layers);
        for (int layer = 0; layer < Layers; layer++)
        {
            var step = Step(layer, codes, source(layer));
            steps.Add(step);
            codes.Add(step.Code);
        }

        return steps;
    }

    /// <summary>A draw from the posterior: noise [..., TotalLatents], zeros for the posterior means.</summary>
    public IReadOnlyList<LatentStep> Infer(IReadOnlyList<LayerEvidence> evidence, torch.Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        var parts = SplitNoise(noise);
        return Walk(layer => new LatentSource.Posterior(evidence[layer], parts[layer]));
    }

    /// <summary>A draw from the posterior with what it costs in the ELBO: the divergence of each layer (eq. 10).</summary>
    /// <param name="evidence">What the evidence says about each layer.</param>
    /// <param name="noise">Standard normal noise, [..., TotalLatents].</param>
    public virtual PosteriorDraw Draw(IReadOnlyList<LayerEvidence> evidence, torch.Tensor noise)
    {
        var steps = Infer(evidence, noise);
        return new PosteriorDraw([.. steps.Select(step => step.Code)], [.. steps.Select(step => step.Kl)]);
    }

    /// <summary>A draw from the posterior with log p(eps_l) - log q(eps_l) of each layer, as importance weights need it.</summary>
    /// <param name="evidence">What the evidence says about each layer.</param>
    /// <param name="noise">Standard normal noise, [..., TotalLatents].</param>
    public virtual PosteriorDraw DrawWeighted(IReadOnlyList<LayerEvidence> evidence, torch.Tensor noise)
    {
        var steps = Infer(evidence, noise);
        return new PosteriorDraw(
            [.. steps.Select(step => step.Code)], [.. steps.Select(step => step.LogPrior - step.LogPosterior)]);
    }

    /// <summary>A draw from the prior: noise [..., TotalLatents].</summary>
    public IReadOnlyList<LatentStep> Generate(torch.Tensor noise, double temperature = 1)
    {
        var parts = SplitNoise(noise);
        return Walk(layer => new LatentSource.Prior(parts[layer], temperature));
    }

    /// <summary>The codes of a draw from the prior, as <see cref="Generate"/> gives them, where nothing else is asked for.</summary>
    /// <param name="noise">Standard normal noise, [..., TotalLatents].</param>
    /// <param name="temperature">Factor on the standard deviation of the base latents.</param>
    public virtual IReadOnlyList<torch.Tensor> GenerateCodes(torch.Tensor noise, double temperature = 1) =>
        [.. Generate(noise, temperature).Select(step => step.Code)];

    /// <summary>Noise [..., TotalLatents] in the parts of the layers.</summary>
    protected torch.Tensor[] SplitNoise(torch.Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(noise);
        return noise.shape[^1] == TotalLatents
            ? noise.split([.. Enumerable.Range(0, Layers).Select(layer => (long)Latents(layer))], -1)
            : throw new ArgumentException(
                $"The hierarchy takes noise of shape [..., {TotalLatents}], not [{string.Join(", ", noise.shape)}].",
                nameof(noise));
    }
}

/// <summary>What the evidence x says about one layer of latents. Each kind of hierarchy has a kind of its own.</summary>
public abstract record LayerEvidence;

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

/// <summary>A draw from the posterior, as the bounds need it.</summary>
/// <param name="Codes">z_l of each layer, [..., N_l].</param>
/// <param name="Costs">
/// Of each layer and example in nats, [...]: KL(q || p) where the draw is for the ELBO, log p(eps_l) - log q(eps_l) where
/// it is for importance weights.
/// </param>
public sealed record PosteriorDraw(IReadOnlyList<torch.Tensor> Codes, IReadOnlyList<torch.Tensor> Costs);
