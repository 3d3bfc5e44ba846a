using Sere.Hierarchies;
using Sere.Likelihoods;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Models;

/// <summary>
/// A density model of three parts: an evidence encoder, a hierarchy of latents, and a likelihood. Its log-likelihood is a
/// lower bound, exact where the hierarchy is empty. All randomness is passed in as noise, so that a result is a function of
/// its arguments.
/// </summary>
public sealed class DensityModel : torch.nn.Module
{
    /// <summary>A model of three parts that fit each other.</summary>
    internal DensityModel(EvidenceEncoder encoder, Hierarchy hierarchy, Likelihood likelihood)
        : base(nameof(DensityModel))
    {
        (Encoder, Hierarchy, Likelihood) = (encoder, hierarchy, likelihood);

        // Without latents the model is its likelihood, whose parts then bear no other name before their own.
        (string, torch.nn.Module)[] parts = hierarchy.Layers == 0
            ? [.. likelihood.named_children()]
            : [("encoder", encoder), ("hierarchy", hierarchy), ("likelihood", likelihood)];
        foreach (var (name, part) in parts)
        {
            register_module(name, part);
        }

        Device = parameters().FirstOrDefault()?.device ?? torch.CPU;
    }

    /// <summary>A model without latents: its log-likelihood is exact.</summary>
    internal DensityModel(Likelihood likelihood)
        : this(new NoEvidence(), new EmptyHierarchy(), likelihood)
    {
    }

    /// <summary>x to features of each layer.</summary>
    internal EvidenceEncoder Encoder { get; }

    /// <summary>Prior, posterior and the bijectors that they share.</summary>
    internal Hierarchy Hierarchy { get; }

    /// <summary>p(x | z).</summary>
    internal Likelihood Likelihood { get; }

    /// <summary>Where it computes, which never changes; the CPU for a model without parameters.</summary>
    public torch.Device Device { get; }

    /// <summary>Dimensions of x, D.</summary>
    public int Dimensions => Likelihood.Dimensions;

    /// <summary>Number of layers that a Kullback-Leibler divergence is reported for, L; 0 for a model without latents.</summary>
    public int Layers => Hierarchy.Layers;

    /// <summary>Standard normal numbers that one draw of the latents takes; 0 for a model without latents.</summary>
    public int NoiseSize => Hierarchy.TotalLatents;

    /// <summary>Whether the log-likelihood is a lower bound (of latent-variable models) or exact.</summary>
    public bool IsBound => Layers > 0;

    /// <summary>
    /// Whether the divergence of a layer is a closed form, or estimated by log q - log p of one draw, which may be negative.
    /// </summary>
    public bool HasClosedFormKl => Hierarchy.HasClosedFormKl;

    /// <summary>The space of the log-likelihood: "discrete", "data" or "logit".</summary>
    public string Space => Likelihood.Space;

    /// <summary>Latent variables of each layer, N_1..N_L; none for a model without layers of latents.</summary>
    public IReadOnlyList<int> LatentsPerLayer => [.. Enumerable.Range(0, Layers).Select(Hierarchy.Latents)];

    /// <summary>
    /// Sizes of the parts of <see cref="LatentCodes"/>: those of the layers; without them, of the noise that a datum is the
    /// image of, and none where it is the image of none.
    /// </summary>
    public IReadOnlyList<int> CodeSizes => Layers > 0 ? LatentsPerLayer : Likelihood.HasPixels ? [] : [Dimensions];

    /// <summary>What the model computes from x once, whatever the number of importance samples.</summary>
    /// <param name="x">[B, D].</param>
    internal EncodedBatch Encode(torch.Tensor x) => x.dim() == 2 && x.shape[1] == Dimensions
        ? new EncodedBatch(x.shape[0], Evidence(x), Likelihood.Prepare(x))
        : throw new ArgumentException(
            $"The model takes data of shape [B, {Dimensions}], not [{string.Join(", ", x.shape)}].", nameof(x));

    /// <summary>One draw from the posterior: the terms of the ELBO.</summary>
    /// <param name="batch">The encoded images.</param>
    /// <param name="noise">Standard normal noise, [B, NoiseSize].</param>
    internal ElboTerms Elbo(EncodedBatch batch, torch.Tensor noise)
    {
        if (noise.dim() != 2 || noise.shape[0] != batch.Size || noise.shape[1] != NoiseSize)
        {
            throw new ArgumentException(
                $"The ELBO takes noise of shape [{batch.Size}, {NoiseSize}], not [{string.Join(", ", noise.shape)}].",
                nameof(noise));
        }

        var draw = Hierarchy.Draw(batch.Evidence, noise);
        var logLikelihood = Likelihood.LogProb(draw.Codes, batch.Data);
        return new ElboTerms(logLikelihood, PerLayer(draw.Kl, logLikelihood));
    }

    /// <summary>
    /// log p(x, z_k) - log q(z_k | x) of K draws from the posterior, in nats: [K, B]. The log-determinants of bijectors
    /// that prior and posterior share cancel and are not computed (Proposition 1).
    /// </summary>
    /// <param name="batch">The encoded images.</param>
    /// <param name="noise">Standard normal noise, [K, B, NoiseSize].</param>
    internal torch.Tensor LogImportanceWeights(EncodedBatch batch, torch.Tensor noise)
    {
        var (logLikelihood, logRatios) = Weigh(batch, noise);
        return logRatios.Aggregate(logLikelihood, (logWeights, logRatio) => logWeights.Plus(logRatio));
    }

    /// <summary>K draws from the posterior: the terms of the importance-weighted bound.</summary>
    /// <param name="batch">The encoded images.</param>
    /// <param name="noise">Standard normal noise, [K, B, NoiseSize].</param>
    internal ImportanceWeightedTerms ImportanceWeighted(EncodedBatch batch, torch.Tensor noise)
    {
        var (logLikelihood, logRatios) = Weigh(batch, noise);
        return new ImportanceWeightedTerms(logLikelihood, PerLayer(logRatios, logLikelihood));
    }

    /// <summary>How far each unit's posterior lies from its prior, for one draw of the codes.</summary>
    /// <param name="batch">The encoded images.</param>
    /// <param name="noise">Standard normal noise, [B, NoiseSize].</param>
    internal PosteriorSummary Summarize(EncodedBatch batch, torch.Tensor noise)
    {
        var steps = Hierarchy.Infer(batch.Evidence, noise);
        return new PosteriorSummary(
            Units([.. steps.Select(step => step.StandardizedShift)], noise),
            Units([.. steps.Select(step => step.KlPerDimension)], noise));
    }

    /// <summary>Draws images.</summary>
    /// <param name="noise">Standard normal noise, [B, NoiseSize].</param>
    /// <param name="uniform">Uniform noise, [B, D].</param>
    /// <param name="temperature">
    /// Factor on the standard deviation of the latents, or of the base of a flow without them; 1 samples the model itself.
    /// </param>
    public GeneratedImages Sample(torch.Tensor noise, torch.Tensor uniform, double temperature = 1) =>
        Likelihood.Generate(Hierarchy.GenerateCodes(noise, temperature), uniform, temperature);

    /// <summary>Encodes images and draws them again from their codes.</summary>
    /// <param name="x">[B, D].</param>
    /// <param name="noise">Standard normal noise, [B, NoiseSize]; zeros for the posterior means.</param>
    /// <param name="uniform">Uniform noise for the model's own blocks; null feeds the true blocks ("teacher-forced").</param>
    /// <exception cref="SereException">The model has no layers of latents.</exception>
    public GeneratedImages Reconstruct(torch.Tensor x, torch.Tensor noise, torch.Tensor? uniform)
    {
        if (Layers == 0)
        {
            throw new SereException(
                "A model without latents has no codes to draw an image from again; name a run of a model with latents.");
        }

        var codes = Codes(Hierarchy.Infer(Evidence(x), noise));
        return uniform is null ? Likelihood.TeacherForced(codes, x) : Likelihood.Generate(codes, uniform);
    }

    /// <summary>
    /// The codes z_1..z_L of data, one after the other, on the path of posterior means: each layer takes the mean of
    /// q(eps_l | z_{l-1}, x) given the codes above it. Without latents, the noise of which the data is the image: standard
    /// normal where the model is right.
    /// </summary>
    /// <param name="x">[B, D].</param>
    /// <returns>[B, sum of <see cref="CodeSizes"/>].</returns>
    /// <exception cref="SereException">There are no codes.</exception>
    public torch.Tensor LatentCodes(torch.Tensor x) =>
        Layers > 0 ? torch.cat(Codes(InferMeans(Evidence(x), x)), -1) : Likelihood.Noise(Likelihood.Prepare(x));

    /// <summary>
    /// The noise from which <see cref="Sample"/> walks to the codes of <see cref="LatentCodes"/>: how many standard
    /// deviations of the prior each base latent lies from the prior's mean.
    /// </summary>
    /// <param name="x">[B, D].</param>
    /// <returns>[B, NoiseSize].</returns>
    /// <exception cref="SereException">The model has no layers of latents.</exception>
    public torch.Tensor LatentNoise(torch.Tensor x) => Layers > 0
        ? torch.cat([.. InferMeans(Evidence(x), x).Select(step => step.PriorNoise)], -1)
        : throw new SereException("A model without latents has no layers to encode to; name a run of another model.");

    /// <summary>
    /// <see cref="LatentCodes"/> and <see cref="LatentNoise"/> of encoded images, [B, D] each; without layers of latents, the
    /// noise of which they are the image.
    /// </summary>
    internal (torch.Tensor Codes, torch.Tensor Noise) CodesAndNoise(EncodedBatch batch)
    {
        if (Layers == 0)
        {
            var noise = Likelihood.Noise(batch.Data);
            return (noise, noise);
        }

        var steps = InferMeans(batch.Evidence, batch.Data.Blocks);
        return (torch.cat(Codes(steps), -1), torch.cat([.. steps.Select(step => step.PriorNoise)], -1));
    }

    /// <summary>The data-dependent start of its normalized layers, if it has any (<see cref="DataDependentStart"/>).</summary>
    /// <param name="x">A batch of data, [B, D].</param>
    /// <param name="noise">Standard normal, [B, <see cref="NoiseSize"/>].</param>
    internal void InitializeFromData(torch.Tensor x, torch.Tensor noise) =>
        DataDependentStart.Run(this, () => Elbo(Encode(x), noise));

    /// <summary>Starts training around independent dimensions with these means.</summary>
    /// <param name="mean">Mean of each dimension over the training data, [D].</param>
    internal void InitializeOutput(torch.Tensor mean) => Likelihood.InitializeOutput(mean);

    /// <summary>Fits what depends on the training data alone, before training; nothing for most models.</summary>
    /// <param name="x">Training data, [N, D].</param>
    internal void FitSpace(torch.Tensor x) => Likelihood.FitSpace(x);

    /// <summary>
    /// log|det| of the map from data to the space of the log-likelihood, in nats, [B]: with it, log p(x) is that of the data
    /// again. Zeros where <see cref="Space"/> is the data's own.
    /// </summary>
    /// <param name="x">[B, D].</param>
    public torch.Tensor SpaceLogDeterminant(torch.Tensor x) => Likelihood.SpaceLogDeterminant(x);

    /// <summary>Whether there are statistics to fit to the training data before an evaluation.</summary>
    internal bool HasStatistics => Likelihood.HasStatistics;

    /// <summary>Fits the statistics of batch normalization in a flow to training data; in evaluation mode.</summary>
    /// <param name="batches">Data, each [B, D], and latent noise, each [B, NoiseSize].</param>
    internal void FitStatistics(IReadOnlyList<(torch.Tensor X, torch.Tensor Noise)> batches)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        Likelihood.FitStatistics(
            [.. batches.Select(batch => batch.X)],
            [.. batches.Select(batch => Hierarchy.Draw(Evidence(batch.X), batch.Noise).Codes)]);
    }

    /// <summary>Computes what follows from the weights alone once, for a model whose weights do not change any more.</summary>
    internal void KeepWeights()
    {
        foreach (var convolution in modules().OfType<StackedConvolution>())
        {
            convolution.KeepWeights();
        }
    }

    private IReadOnlyList<LayerEvidence> Evidence(torch.Tensor x) => Hierarchy.Interpret(Encoder.Encode(x));

    /// <summary>log p(x | z_k), [K, B], and log p - log q of each layer, each [K, B].</summary>
    private (torch.Tensor LogLikelihood, IReadOnlyList<torch.Tensor> LogRatios) Weigh(EncodedBatch batch, torch.Tensor noise)
    {
        if (noise.dim() != 3 || noise.shape[1] != batch.Size || noise.shape[2] != NoiseSize)
        {
            throw new ArgumentException(
                $"The importance weights take noise of shape [K, {batch.Size}, {NoiseSize}], not "
                + $"[{string.Join(", ", noise.shape)}].",
                nameof(noise));
        }

        var draw = Hierarchy.DrawWeighted(batch.Evidence, noise);
        var logLikelihood = Likelihood.LogProb(draw.Codes, batch.Data);
        return (Layers > 0 ? logLikelihood : logLikelihood.expand(noise.shape[0], -1), draw.LogRatios);
    }

    /// <summary>The path of posterior means; data [..., B, D] tell of how many images, and their type.</summary>
    private IReadOnlyList<LatentStep> InferMeans(IReadOnlyList<LayerEvidence> evidence, torch.Tensor data) => Hierarchy.Infer(
        evidence, torch.zeros([data.shape[^2], NoiseSize], dtype: data.dtype, device: data.device));

    private static torch.Tensor[] Codes(IReadOnlyList<LatentStep> steps) => [.. steps.Select(step => step.Code)];

    /// <summary>Values of each layer, [L, ...]; of no layers too.</summary>
    private static torch.Tensor PerLayer(IReadOnlyList<torch.Tensor> layers, torch.Tensor like) => layers.Count > 0
        ? torch.stack(layers.ToArray())
        : torch.zeros([0, .. like.shape], like.dtype, like.device);

    /// <summary>Values of the units of all layers side by side; the noise of no layers has their shape.</summary>
    private static torch.Tensor Units(torch.Tensor[] layers, torch.Tensor noise) =>
        layers.Length > 0 ? torch.cat(layers, -1) : noise.alias();
}

/// <summary>What a model computes from a batch of images once, for all their importance samples.</summary>
/// <param name="Size">Number of images, B.</param>
/// <param name="Evidence">What the encoder says to each layer of the hierarchy.</param>
/// <param name="Data">What the likelihood computes from x alone.</param>
internal sealed record EncodedBatch(long Size, IReadOnlyList<LayerEvidence> Evidence, DataEvidence Data);

/// <summary>How far the posterior of each unit lies from its prior, for one draw of the codes above it.</summary>
/// <param name="StandardizedShift">How far each unit's posterior lies from its prior (<see cref="LatentStep.StandardizedShift"/>), [B, total latents].</param>
/// <param name="KlPerUnit">Divergence of each unit in nats (<see cref="LatentStep.KlPerDimension"/>), [B, total latents].</param>
internal sealed record PosteriorSummary(torch.Tensor StandardizedShift, torch.Tensor KlPerUnit);

/// <summary>The terms of the evidence lower bound (eq. 2), in nats.</summary>
/// <param name="LogLikelihood">log p(x | z) of one draw of z, [B].</param>
/// <param name="KlPerLayer">Kullback-Leibler divergence of each layer, [L, B].</param>
internal sealed record ElboTerms(torch.Tensor LogLikelihood, torch.Tensor KlPerLayer)
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
internal sealed record ImportanceWeightedTerms(torch.Tensor LogLikelihood, torch.Tensor LogRatioPerLayer)
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
