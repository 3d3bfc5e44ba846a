using Sere.Bijectors;
using Sere.Distributions;
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

/// <summary>One layer of a top-down pass. What it says of a posterior needs evidence.</summary>
/// <param name="BaseLatent">eps_l, [..., N_l].</param>
/// <param name="Code">z_l, a function of eps_l and of the codes above, [..., N_l].</param>
/// <param name="P">p(z_l | codes above).</param>
/// <param name="Q">q(z_l | codes above, x), where evidence was given.</param>
internal abstract record LatentStep(torch.Tensor BaseLatent, torch.Tensor Code, Distribution P, Distribution? Q)
{
    /// <summary>What a deterministic top-down pass gives to the layers below beside the code; null where codes say all.</summary>
    public torch.Tensor? State { get; init; }

    /// <summary>log p(eps_l | codes above) in nats, [...].</summary>
    public abstract torch.Tensor LogPrior { get; }

    /// <summary>log q(eps_l | codes above, x) in nats, [...].</summary>
    /// <exception cref="InvalidOperationException">The step had no evidence.</exception>
    public abstract torch.Tensor LogPosterior { get; }

    /// <summary>
    /// KL(q || p) of each unit in nats, [..., N_l]: in closed form where <see cref="Hierarchy.HasClosedFormKl"/>, else the
    /// log q - log p of this draw, whose mean it is and which may be negative.
    /// </summary>
    /// <exception cref="InvalidOperationException">The step had no evidence.</exception>
    public abstract torch.Tensor KlPerDimension { get; }

    /// <summary>
    /// How far the posterior lies from the prior, in standard deviations of the prior, [..., N_l]: (mu_q - mu_p) / s_p, or of
    /// a draw in place of mu_q where that mean is not known.
    /// </summary>
    public abstract torch.Tensor StandardizedShift { get; }

    /// <summary>The noise that the prior makes <see cref="BaseLatent"/> of, [..., N_l].</summary>
    public abstract torch.Tensor PriorNoise { get; }

    /// <summary>The sum of <see cref="KlPerDimension"/> over the units, [...].</summary>
    /// <exception cref="InvalidOperationException">The step had no evidence.</exception>
    public torch.Tensor Kl => KlPerDimension.sum(-1);

    /// <summary>What needs evidence, or the error that there was none.</summary>
    private protected static T Evidenced<T>(T? value)
        where T : class =>
        value ?? throw new InvalidOperationException("A step without evidence has no posterior.");
}

/// <summary>
/// A layer whose base latent has a diagonal normal prior and posterior, and whose bijector both share, so that their
/// divergence is that of the bases (Proposition 1), in closed form.
/// </summary>
internal sealed record NormalLatentStep : LatentStep
{
    private readonly torch.Tensor? _klPerDimension;

    /// <summary>A step.</summary>
    /// <param name="baseLatent">eps_l, [..., N_l].</param>
    /// <param name="bijector">f_l, with z_l = f_l(eps_l | z_{l-1}).</param>
    /// <param name="prior">p(eps_l | z_{l-1}).</param>
    /// <param name="posterior">q(eps_l | z_{l-1}, x), where evidence was given.</param>
    public NormalLatentStep(
        torch.Tensor baseLatent, Bijector bijector, DiagonalNormal prior, DiagonalNormal? posterior)
        : base(
            baseLatent,
            bijector.Transform(baseLatent),
            new TransformedDistribution(prior, bijector),
            posterior is null ? null : new TransformedDistribution(posterior, bijector))
    {
        (Prior, Posterior) = (prior, posterior);
        if (Q is not null)
        {
            _klPerDimension = TransformedDistribution.KullbackLeiblerPerDimension(
                (TransformedDistribution)Q, (TransformedDistribution)P);
        }
    }

    /// <summary>p(eps_l | z_{l-1}).</summary>
    public DiagonalNormal Prior { get; }

    /// <summary>q(eps_l | z_{l-1}, x), where evidence was given.</summary>
    public DiagonalNormal? Posterior { get; }

    public override torch.Tensor LogPrior => Prior.LogProb(BaseLatent);

    public override torch.Tensor LogPosterior => Evidenced(Posterior).LogProb(BaseLatent);

    /// <summary>
    /// Eq. 10. Where neither distribution depends on the codes, as in the first layer, it is that of the evidence, [B, N_l],
    /// however many samples there are.
    /// </summary>
    public override torch.Tensor KlPerDimension => Evidenced(_klPerDimension);

    public override torch.Tensor StandardizedShift => Standardize(Evidenced(Posterior).Mean);

    public override torch.Tensor PriorNoise => Standardize(BaseLatent);

    private torch.Tensor Standardize(torch.Tensor value) => (value - Prior.Mean) * (-Prior.LogScale).exp();

    /// <summary>The latent that a source gives: drawn from the posterior or the prior, or given.</summary>
    public static torch.Tensor Latent(LatentSource source, DiagonalNormal prior, DiagonalNormal? posterior) => source switch
    {
        LatentSource.Posterior drawn => posterior!.FromNoise(drawn.Noise),
        LatentSource.Prior generated => prior.FromNoise(generated.Noise, generated.Temperature),
        LatentSource.Given given => given.Latent,
        _ => throw new ArgumentException("Unknown latent source.", nameof(source)),
    };
}

/// <summary>A layer whose divergence has no closed form: it is estimated by log q - log p of the draw itself.</summary>
internal sealed record SampledLatentStep(torch.Tensor BaseLatent, torch.Tensor Code, Distribution P, Distribution? Q)
    : LatentStep(BaseLatent, Code, P, Q)
{
    /// <summary>Terms whose sum is log p in nats, [..., N_l].</summary>
    public required torch.Tensor LogPriorPerDimension { get; init; }

    /// <summary>Terms whose sum is log q in nats, [..., N_l], where evidence was given.</summary>
    public required torch.Tensor? LogPosteriorPerDimension { get; init; }

    /// <summary>The base latent less its mean under the prior, over its standard deviation there, [..., N_l].</summary>
    public required torch.Tensor Standardized { get; init; }

    /// <summary>The noise that the prior makes the base latent of, [..., N_l].</summary>
    public required torch.Tensor Noise { get; init; }

    public override torch.Tensor LogPrior => LogPriorPerDimension.sum(-1);

    public override torch.Tensor LogPosterior => Evidenced(LogPosteriorPerDimension).sum(-1);

    public override torch.Tensor KlPerDimension => Evidenced(LogPosteriorPerDimension) - LogPriorPerDimension;

    public override torch.Tensor StandardizedShift => Standardized.alias();

    public override torch.Tensor PriorNoise => Noise.alias();
}
