using Sere.Likelihoods;
using TorchSharp;

namespace Sere.Models;

/// <summary>A normalizing flow as a model: its log-likelihood is exact, and it has no latents of its own.</summary>
public sealed class ExactModel : DensityModel
{
    private readonly FlowDensity _density;

    /// <summary>A model of D dimensions.</summary>
    /// <param name="dimensions">D.</param>
    /// <param name="density">A flow without contexts.</param>
    public ExactModel(int dimensions, FlowDensity density)
        : base(nameof(ExactModel))
    {
        Dimensions = dimensions;
        _density = density;
        register_module("density", density);
    }

    /// <inheritdoc/>
    public override int Dimensions { get; }

    /// <inheritdoc/>
    public override int Layers => 0;

    /// <inheritdoc/>
    public override int NoiseSize => 0;

    /// <inheritdoc/>
    public override bool IsBound => false;

    /// <inheritdoc/>
    public override string Space => _density.Space;

    /// <inheritdoc/>
    public override bool HasStatistics => _density.HasStatistics;

    /// <summary>The noise that a datum is the image of has as many dimensions.</summary>
    public override IReadOnlyList<int> CodeSizes => [Dimensions];

    /// <inheritdoc/>
    public override EncodedBatch Encode(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.dim() == 2 && x.shape[1] == Dimensions
            ? new EncodedBatch(x.shape[0], [], new DataEvidence(_density.Prepare(x).unsqueeze(0), null))
            : throw new ArgumentException(
                $"The model takes data of shape [B, {Dimensions}], not [{string.Join(", ", x.shape)}].", nameof(x));
    }

    /// <inheritdoc/>
    public override ElboTerms Elbo(EncodedBatch batch, torch.Tensor noise)
    {
        var logProb = LogProb(batch);
        return new ElboTerms(logProb, torch.zeros([0, logProb.shape[0]], logProb.dtype, logProb.device));
    }

    /// <inheritdoc/>
    public override torch.Tensor LogImportanceWeights(EncodedBatch batch, torch.Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(noise);
        return LogProb(batch).expand(noise.shape[0], -1);
    }

    /// <inheritdoc/>
    public override ImportanceWeightedTerms ImportanceWeighted(EncodedBatch batch, torch.Tensor noise)
    {
        var logProb = LogImportanceWeights(batch, noise);
        return new ImportanceWeightedTerms(logProb, torch.zeros([0, .. logProb.shape], logProb.dtype, logProb.device));
    }

    /// <inheritdoc/>
    public override GeneratedImages Sample(torch.Tensor noise, torch.Tensor uniform, double temperature = 1)
    {
        // A flow has no mean in closed form: what is shown is the draw itself.
        var values = _density.Draw(uniform, [], temperature);
        return new GeneratedImages(values, values);
    }

    /// <inheritdoc/>
    public override GeneratedImages Reconstruct(torch.Tensor x, torch.Tensor noise, torch.Tensor? uniform) =>
        throw new SereException(
            "A normalizing flow is invertible: it would reconstruct every image without a loss; name a run of a model with "
            + "latents.");

    /// <summary>The noise of which the data is the image, [B, D]: standard normal where the model is right.</summary>
    /// <param name="x">[B, D].</param>
    public override torch.Tensor LatentCodes(torch.Tensor x) => _density.ToNoise(_density.Prepare(x), []).Noise;

    /// <inheritdoc/>
    public override void InitializeOutput(torch.Tensor mean)
    {
        // It starts near the base in the space that is modelled, whatever the means of the data.
    }

    /// <inheritdoc/>
    public override void FitSpace(torch.Tensor x) => _density.FitSpace(x);

    /// <inheritdoc/>
    public override torch.Tensor SpaceLogDeterminant(torch.Tensor x) => _density.SpaceLogDeterminant(x);

    /// <inheritdoc/>
    public override void FitStatistics(IReadOnlyList<(torch.Tensor X, torch.Tensor Noise)> batches)
    {
        ArgumentNullException.ThrowIfNull(batches);
        _density.FitStatistics([.. batches.Select(batch => batch.X)], [.. batches.Select(_ => Array.Empty<torch.Tensor>())]);
    }

    private torch.Tensor LogProb(EncodedBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return _density.LogProb(batch.Data.Blocks.squeeze(0), []);
    }
}
