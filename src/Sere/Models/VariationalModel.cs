using Sere.Hierarchies;
using Sere.Likelihoods;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Models;

/// <summary>
/// A hierarchical variational autoencoder: an evidence encoder, a hierarchy of latents, and a likelihood. Its
/// log-likelihood is a lower bound.
/// </summary>
public sealed class VariationalModel : DensityModel
{
    /// <summary>A model of three parts that fit each other.</summary>
    public VariationalModel(EvidenceEncoder encoder, Hierarchy hierarchy, Likelihood likelihood)
        : base(nameof(VariationalModel))
    {
        Encoder = encoder;
        Hierarchy = hierarchy;
        Likelihood = likelihood;
        register_module("encoder", encoder);
        register_module("hierarchy", hierarchy);
        register_module("likelihood", likelihood);
    }

    /// <summary>x to features of each layer.</summary>
    public EvidenceEncoder Encoder { get; }

    /// <summary>Prior, posterior and the bijectors that they share.</summary>
    public Hierarchy Hierarchy { get; }

    /// <summary>p(x | z).</summary>
    public Likelihood Likelihood { get; }

    /// <inheritdoc/>
    public override int Dimensions => Likelihood.Dimensions;

    /// <inheritdoc/>
    public override int Layers => Hierarchy.Layers;

    /// <inheritdoc/>
    public override int NoiseSize => Hierarchy.TotalLatents;

    /// <inheritdoc/>
    public override bool IsBound => true;

    /// <inheritdoc/>
    public override bool HasClosedFormKl => Hierarchy.HasClosedFormKl;

    /// <inheritdoc/>
    public override string Space => Likelihood.Space;

    /// <inheritdoc/>
    public override EncodedBatch Encode(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.dim() == 2 && x.shape[1] == Dimensions
            ? new EncodedBatch(x.shape[0], Hierarchy.Interpret(Encoder.Encode(x)), Likelihood.Prepare(x))
            : throw new ArgumentException(
                $"The model takes data of shape [B, {Dimensions}], not [{string.Join(", ", x.shape)}].", nameof(x));
    }

    /// <inheritdoc/>
    public override ElboTerms Elbo(EncodedBatch batch, torch.Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(noise);
        if (noise.dim() != 2 || noise.shape[0] != batch.Size || noise.shape[1] != NoiseSize)
        {
            throw new ArgumentException(
                $"The ELBO takes noise of shape [{batch.Size}, {NoiseSize}], not [{string.Join(", ", noise.shape)}].",
                nameof(noise));
        }

        var draw = Hierarchy.Draw(batch.Evidence, noise);
        return new ElboTerms(Likelihood.LogProb(draw.Codes, batch.Data), torch.stack(draw.Costs.ToArray()));
    }

    /// <inheritdoc/>
    public override torch.Tensor LogImportanceWeights(EncodedBatch batch, torch.Tensor noise)
    {
        var (logLikelihood, logRatios) = Weigh(batch, noise);
        return logRatios.Aggregate(logLikelihood, (logWeights, logRatio) => logWeights.Plus(logRatio));
    }

    /// <inheritdoc/>
    public override ImportanceWeightedTerms ImportanceWeighted(EncodedBatch batch, torch.Tensor noise)
    {
        var (logLikelihood, logRatios) = Weigh(batch, noise);
        return new ImportanceWeightedTerms(logLikelihood, torch.stack(logRatios.ToArray()));
    }

    /// <summary>log p(x | z_k), [K, B], and log p - log q of each layer, each [K, B].</summary>
    private (torch.Tensor LogLikelihood, IReadOnlyList<torch.Tensor> LogRatios) Weigh(
        EncodedBatch batch,
        torch.Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(noise);
        if (noise.dim() != 3 || noise.shape[1] != batch.Size || noise.shape[2] != NoiseSize)
        {
            throw new ArgumentException(
                $"The importance weights take noise of shape [K, {batch.Size}, {NoiseSize}], not "
                + $"[{string.Join(", ", noise.shape)}].",
                nameof(noise));
        }

        var draw = Hierarchy.DrawWeighted(batch.Evidence, noise);
        return (Likelihood.LogProb(draw.Codes, batch.Data), draw.Costs);
    }

    /// <summary>How far each unit's posterior lies from its prior, for one draw of the codes.</summary>
    /// <param name="batch">The encoded images.</param>
    /// <param name="noise">Standard normal noise, [B, NoiseSize].</param>
    public PosteriorSummary Summarize(EncodedBatch batch, torch.Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var steps = Hierarchy.Infer(batch.Evidence, noise);
        return new PosteriorSummary(
            torch.cat([.. steps.Select(step => step.StandardizedShift)], -1),
            torch.cat([.. steps.Select(step => step.KlPerDimension)], -1));
    }

    /// <inheritdoc/>
    public override GeneratedImages Sample(torch.Tensor noise, torch.Tensor uniform, double temperature = 1) =>
        Likelihood.Generate(Hierarchy.GenerateCodes(noise, temperature), uniform);

    /// <inheritdoc/>
    public override GeneratedImages Reconstruct(torch.Tensor x, torch.Tensor noise, torch.Tensor? uniform)
    {
        var codes = Codes(Hierarchy.Infer(Hierarchy.Interpret(Encoder.Encode(x)), noise));
        return uniform is null ? Likelihood.TeacherForced(codes, x) : Likelihood.Generate(codes, uniform);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<int> LatentsPerLayer => [.. Enumerable.Range(0, Layers).Select(Hierarchy.Latents)];

    /// <inheritdoc/>
    public override torch.Tensor LatentCodes(torch.Tensor x) => torch.cat(Codes(InferMeans(x)), -1);

    /// <inheritdoc/>
    public override torch.Tensor LatentNoise(torch.Tensor x) => torch.cat(
        [.. InferMeans(x).Select(step => step.PriorNoise)], -1);

    /// <inheritdoc/>
    public override void InitializeOutput(torch.Tensor mean) => Likelihood.InitializeOutput(mean);

    /// <inheritdoc/>
    public override void FitSpace(torch.Tensor x) => Likelihood.FitSpace(x);

    /// <inheritdoc/>
    public override torch.Tensor SpaceLogDeterminant(torch.Tensor x) => Likelihood.SpaceLogDeterminant(x);

    /// <inheritdoc/>
    public override bool HasStatistics => Likelihood.HasStatistics;

    /// <inheritdoc/>
    public override void FitStatistics(IReadOnlyList<(torch.Tensor X, torch.Tensor Noise)> batches)
    {
        ArgumentNullException.ThrowIfNull(batches);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        Likelihood.FitStatistics(
            [.. batches.Select(batch => batch.X)],
            [.. batches.Select(batch => Hierarchy.Draw(Encode(batch.X).Evidence, batch.Noise).Codes)]);
    }

    private IReadOnlyList<LatentStep> InferMeans(torch.Tensor x) => Hierarchy.Infer(
        Hierarchy.Interpret(Encoder.Encode(x)), torch.zeros([x.shape[0], NoiseSize], dtype: x.dtype, device: x.device));

    private static torch.Tensor[] Codes(IReadOnlyList<LatentStep> steps) => [.. steps.Select(step => step.Code)];
}

/// <summary>What a model computes from a batch of images once, for all their importance samples.</summary>
/// <param name="Size">Number of images, B.</param>
/// <param name="Evidence">What the encoder says to each layer of the hierarchy.</param>
/// <param name="Data">What the likelihood computes from x alone.</param>
public sealed record EncodedBatch(long Size, IReadOnlyList<LayerEvidence> Evidence, DataEvidence Data);

/// <summary>How far the posterior of each unit lies from its prior, for one draw of the codes above it.</summary>
/// <param name="StandardizedShift">How far each unit's posterior lies from its prior (<see cref="LatentStep.StandardizedShift"/>), [B, total latents].</param>
/// <param name="KlPerUnit">Divergence of each unit in nats (<see cref="LatentStep.KlPerDimension"/>), [B, total latents].</param>
public sealed record PosteriorSummary(torch.Tensor StandardizedShift, torch.Tensor KlPerUnit);
