using Sere.Likelihoods;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Models;

/// <summary>
/// A model that gives each x a log-likelihood, exact or as a bound, and that can be sampled. All randomness is passed in
/// as noise, so that a result is a function of its arguments.
/// </summary>
public abstract class DensityModel : torch.nn.Module
{
    /// <summary>Sets the module's name.</summary>
    protected DensityModel(string name)
        : base(name)
    {
    }

    /// <summary>Dimensions of x, D.</summary>
    public abstract int Dimensions { get; }

    /// <summary>Number of layers that a Kullback-Leibler divergence is reported for, L.</summary>
    public abstract int Layers { get; }

    /// <summary>Standard normal numbers that one draw of the latents takes; 0 for a model without latents.</summary>
    public abstract int NoiseSize { get; }

    /// <summary>Whether the log-likelihood is a lower bound (of latent-variable models) or exact.</summary>
    public abstract bool IsBound { get; }

    /// <summary>
    /// Whether the divergence of a layer is a closed form, or estimated by log q - log p of one draw, which may be negative.
    /// </summary>
    public virtual bool HasClosedFormKl => true;

    /// <summary>The space of the log-likelihood: "discrete", "data" or "logit".</summary>
    public abstract string Space { get; }

    /// <summary>What the model computes from x once, whatever the number of importance samples.</summary>
    /// <param name="x">[B, D].</param>
    public abstract EncodedBatch Encode(torch.Tensor x);

    /// <summary>One draw from the posterior: the terms of the ELBO.</summary>
    /// <param name="batch">The encoded images.</param>
    /// <param name="noise">Standard normal noise, [B, NoiseSize].</param>
    public abstract ElboTerms Elbo(EncodedBatch batch, torch.Tensor noise);

    /// <summary>
    /// log p(x, z_k) - log q(z_k | x) of K draws from the posterior, in nats: [K, B]. The log-determinants of bijectors
    /// that prior and posterior share cancel and are not computed (Proposition 1).
    /// </summary>
    /// <param name="batch">The encoded images.</param>
    /// <param name="noise">Standard normal noise, [K, B, NoiseSize].</param>
    public abstract torch.Tensor LogImportanceWeights(EncodedBatch batch, torch.Tensor noise);

    /// <summary>K draws from the posterior: the terms of the importance-weighted bound.</summary>
    /// <param name="batch">The encoded images.</param>
    /// <param name="noise">Standard normal noise, [K, B, NoiseSize].</param>
    public abstract ImportanceWeightedTerms ImportanceWeighted(EncodedBatch batch, torch.Tensor noise);

    /// <summary>Draws images.</summary>
    /// <param name="noise">Standard normal noise, [B, NoiseSize].</param>
    /// <param name="uniform">Uniform noise, [B, D].</param>
    /// <param name="temperature">Factor on the standard deviation of the latents; 1 samples the model itself.</param>
    public abstract GeneratedImages Sample(torch.Tensor noise, torch.Tensor uniform, double temperature = 1);

    /// <summary>Encodes images and draws them again from their codes.</summary>
    /// <param name="x">[B, D].</param>
    /// <param name="noise">Standard normal noise, [B, NoiseSize]; zeros for the posterior means.</param>
    /// <param name="uniform">Uniform noise for the model's own blocks; null feeds the true blocks ("teacher-forced").</param>
    public abstract GeneratedImages Reconstruct(torch.Tensor x, torch.Tensor noise, torch.Tensor? uniform);

    /// <summary>Latent variables of each layer, N_1..N_L; none for a model without layers of latents.</summary>
    public virtual IReadOnlyList<int> LatentsPerLayer => [];

    /// <summary>Sizes of the parts of <see cref="LatentCodes"/>.</summary>
    public virtual IReadOnlyList<int> CodeSizes => LatentsPerLayer;

    /// <summary>
    /// The codes z_1..z_L of data, one after the other, on the path of posterior means: each layer takes the mean of
    /// q(eps_l | z_{l-1}, x) given the codes above it.
    /// </summary>
    /// <param name="x">[B, D].</param>
    /// <returns>[B, sum of <see cref="CodeSizes"/>].</returns>
    /// <exception cref="SereException">The model has no layers of latents.</exception>
    public virtual torch.Tensor LatentCodes(torch.Tensor x) => throw WithoutLatents();

    /// <summary>
    /// The noise from which <see cref="Sample"/> walks to the codes of <see cref="LatentCodes"/>: how many standard
    /// deviations of the prior each base latent lies from the prior's mean.
    /// </summary>
    /// <param name="x">[B, D].</param>
    /// <returns>[B, NoiseSize].</returns>
    /// <exception cref="SereException">The model has no layers of latents.</exception>
    public virtual torch.Tensor LatentNoise(torch.Tensor x) => throw WithoutLatents();

    /// <summary>The data-dependent start of its normalized layers, if it has any (<see cref="DataDependentStart"/>).</summary>
    /// <param name="x">A batch of data, [B, D].</param>
    /// <param name="noise">Standard normal, [B, <see cref="NoiseSize"/>].</param>
    public void InitializeFromData(torch.Tensor x, torch.Tensor noise) =>
        DataDependentStart.Run(this, () => Elbo(Encode(x), noise));

    /// <summary>Starts training around independent dimensions with these means.</summary>
    /// <param name="mean">Mean of each dimension over the training data, [D].</param>
    public abstract void InitializeOutput(torch.Tensor mean);

    /// <summary>Fits what depends on the training data alone, before training; nothing for most models.</summary>
    /// <param name="x">Training data, [N, D].</param>
    public virtual void FitSpace(torch.Tensor x)
    {
    }

    /// <summary>
    /// log|det| of the map from data to the space of the log-likelihood, in nats, [B]: with it, log p(x) is that of the data
    /// again. Zeros where <see cref="Space"/> is the data's own.
    /// </summary>
    /// <param name="x">[B, D].</param>
    public virtual torch.Tensor SpaceLogDeterminant(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return torch.zeros_like(x.select(-1, 0));
    }

    /// <summary>Whether there are statistics to fit to the training data before an evaluation.</summary>
    public virtual bool HasStatistics => false;

    /// <summary>Fits the statistics of batch normalization in a flow to training data; in evaluation mode.</summary>
    /// <param name="batches">Data, each [B, D], and latent noise, each [B, NoiseSize].</param>
    public virtual void FitStatistics(IReadOnlyList<(torch.Tensor X, torch.Tensor Noise)> batches)
    {
    }

    private SereException WithoutLatents() =>
        new($"A model of the kind {GetName()} has no layers of latents to encode to; name a run of another model.");
}

/// <summary>The terms of the evidence lower bound (eq. 2), in nats.</summary>
/// <param name="LogLikelihood">log p(x | z) of one draw of z, [B].</param>
/// <param name="KlPerLayer">Kullback-Leibler divergence of each layer, [L, B].</param>
public sealed record ElboTerms(torch.Tensor LogLikelihood, torch.Tensor KlPerLayer)
{
    /// <summary>The bound itself, to be maximized: [B].</summary>
    public torch.Tensor Elbo => LogLikelihood - KlPerLayer.sum([0]);

    /// <summary>The bound with the divergence weighted by beta, [1]: [B].</summary>
    public torch.Tensor Annealed(torch.Tensor beta) => LogLikelihood - (KlPerLayer.sum([0]) * beta);
}

/// <summary>
/// The terms of the importance-weighted bound of K draws z_k from q(z | x) (Burda et al. 2016), in nats: log w_k =
/// log p(x | z_k) + log p(z_k) - log q(z_k | x).
/// </summary>
/// <param name="LogLikelihood">log p(x | z_k), [K, B].</param>
/// <param name="LogRatioPerLayer">log p - log q of each layer's latents, [L, K, B].</param>
public sealed record ImportanceWeightedTerms(torch.Tensor LogLikelihood, torch.Tensor LogRatioPerLayer)
{
    /// <summary>The bound itself, to be maximized: log 1/K sum_k w_k, [B].</summary>
    public torch.Tensor Bound => Mean(LogWeights(LogRatioPerLayer.sum([0])));

    /// <summary>The mean of log w_k over the K draws, whose expectation is the ELBO: [B].</summary>
    public torch.Tensor Elbo => LogWeights(LogRatioPerLayer.sum([0])).mean([0]);

    /// <summary>
    /// log q - log p of each layer, mean over the K draws: [L, B]. Its expectation is the layer's Kullback-Leibler
    /// divergence; the estimate itself may be negative.
    /// </summary>
    public torch.Tensor KlPerLayer => -LogRatioPerLayer.mean([1]);

    /// <summary>The bound with log p(z_k) - log q(z_k | x) weighted by beta, [1], in every log w_k: [B].</summary>
    public torch.Tensor Annealed(torch.Tensor beta) => Mean(LogWeights(LogRatioPerLayer.sum([0]) * beta));

    private static torch.Tensor Mean(torch.Tensor logWeights) =>
        logWeights.logsumexp(0).Minus(Math.Log(logWeights.shape[0]));

    private torch.Tensor LogWeights(torch.Tensor logRatio) => LogLikelihood.Plus(logRatio);
}
