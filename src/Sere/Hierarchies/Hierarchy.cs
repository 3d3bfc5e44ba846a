using Sere.Networks;
using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>
/// The latent side of a model: L layers of latent variables, walked top-down. The only sequential part; one
/// <see cref="Step"/> serves training, evaluation and generation.
/// </summary>
internal abstract class Hierarchy(string name) : torch.nn.Module(name)
{
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
    /// <param name="earlier">The steps of all earlier layers; the layer takes its parents' codes and states from them.</param>
    /// <param name="source">Where eps_l comes from.</param>
    public abstract LatentStep Step(int layer, IReadOnlyList<LatentStep> earlier, LatentSource source);

    /// <summary>
    /// A draw from the posterior, the whole inference pass: noise [..., TotalLatents], zeros for the posterior means. A
    /// hierarchy whose bottom-up path samples too walks in its own way.
    /// </summary>
    public virtual IReadOnlyList<LatentStep> Infer(IReadOnlyList<LayerEvidence> evidence, torch.Tensor noise)
    {
        var parts = SplitNoise(noise);
        return Walk(layer => new LatentSource.Posterior(evidence[layer], parts[layer]));
    }

    /// <summary>A draw from the posterior with what it costs in the ELBO.</summary>
    /// <param name="evidence">What the evidence says about each layer.</param>
    /// <param name="noise">Standard normal noise, [..., TotalLatents].</param>
    public virtual PosteriorDraw Draw(IReadOnlyList<LayerEvidence> evidence, torch.Tensor noise)
    {
        var steps = Infer(evidence, noise);
        return new PosteriorDraw([.. steps.Select(step => step.Code)], [.. steps.Select(step => step.Kl)]);
    }

    /// <summary>A draw from the posterior as importance weights need it.</summary>
    /// <param name="evidence">What the evidence says about each layer.</param>
    /// <param name="noise">Standard normal noise, [..., TotalLatents].</param>
    public virtual WeightedDraw DrawWeighted(IReadOnlyList<LayerEvidence> evidence, torch.Tensor noise)
    {
        var steps = Infer(evidence, noise);
        return new WeightedDraw(
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
    protected torch.Tensor[] SplitNoise(torch.Tensor noise) => noise.shape[^1] != TotalLatents
        ? throw new ArgumentException(
            $"The hierarchy takes noise of shape [..., {TotalLatents}], not [{string.Join(", ", noise.shape)}].",
            nameof(noise))
        : Layers == 0 ? []
        : noise.split([.. Enumerable.Range(0, Layers).Select(layer => (long)Latents(layer))], -1);

    /// <summary>Walks all layers; <paramref name="source"/> gives each layer's source.</summary>
    public IReadOnlyList<LatentStep> Walk(Func<int, LatentSource> source)
    {
        var steps = new List<LatentStep>(Layers);
        for (int layer = 0; layer < Layers; layer++)
        {
            steps.Add(Step(layer, steps, source(layer)));
        }

        return steps;
    }
}

/// <summary>No latents: a model of it is its likelihood alone, and its bound is exact.</summary>
internal sealed class EmptyHierarchy() : Hierarchy(nameof(EmptyHierarchy))
{
    public override int Layers => 0;

    public override int Latents(int layer) => throw new ArgumentOutOfRangeException(nameof(layer));

    public override IReadOnlyList<LayerEvidence> Interpret(EvidenceFeatures features) => [];

    public override LatentStep Step(int layer, IReadOnlyList<LatentStep> earlier, LatentSource source) =>
        throw new ArgumentOutOfRangeException(nameof(layer));
}

/// <summary>What the evidence x says about one layer of latents. Each kind of hierarchy has a kind of its own.</summary>
internal abstract record LayerEvidence;

/// <summary>Where the base latent eps_l of a top-down step comes from.</summary>
/// <param name="Evidence">What x says of the layer; null for the prior alone.</param>
/// <param name="Like">A tensor of the shape, type and device of the latents.</param>
internal abstract record LatentSource(LayerEvidence? Evidence, torch.Tensor Like)
{
    /// <summary>Drawn from the posterior of the evidence: standard normal noise [..., N_l]; zeros give its mean.</summary>
    public sealed record Posterior(LayerEvidence Evidence, torch.Tensor Noise) : LatentSource(Evidence, Noise);

    /// <summary>Drawn from the prior, with its standard deviation times a temperature: standard normal noise [..., N_l].</summary>
    public sealed record Prior(torch.Tensor Noise, double Temperature = 1) : LatentSource(null, Noise);

    /// <summary>Given: eps_l [..., N_l]; with the evidence, its density under the posterior can be asked too.</summary>
    public sealed record Given(torch.Tensor Latent, LayerEvidence? Evidence = null) : LatentSource(Evidence, Latent);
}

/// <summary>A draw from the posterior, as the ELBO needs it.</summary>
/// <param name="Codes">z_l of each layer, [..., N_l].</param>
/// <param name="Kl">KL(q || p) of each layer and example in nats (eq. 10), [...].</param>
internal sealed record PosteriorDraw(IReadOnlyList<torch.Tensor> Codes, IReadOnlyList<torch.Tensor> Kl);

/// <summary>A draw from the posterior, as importance weights need it.</summary>
/// <param name="Codes">z_l of each layer, [..., N_l].</param>
/// <param name="LogRatios">log p(eps_l) - log q(eps_l) of each layer and example in nats, [...].</param>
internal sealed record WeightedDraw(IReadOnlyList<torch.Tensor> Codes, IReadOnlyList<torch.Tensor> LogRatios);
