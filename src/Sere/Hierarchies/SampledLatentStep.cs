using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>A layer whose divergence has no closed form: it is estimated by log q - log p of the draw itself.</summary>
public sealed record SampledLatentStep : LatentStep
{
    private readonly torch.Tensor _logPriorPerDimension;
    private readonly torch.Tensor? _logPosteriorPerDimension;
    private readonly torch.Tensor _standardized;

    /// <summary>A step.</summary>
    /// <param name="baseLatent">What was drawn or given, [..., N_l].</param>
    /// <param name="code">z_l, [..., N_l].</param>
    /// <param name="priorNoise">The noise that the prior makes of it, [..., N_l].</param>
    /// <param name="standardized">It less its mean under the prior, over its standard deviation there, [..., N_l].</param>
    /// <param name="logPriorPerDimension">Terms whose sum is log p in nats, [..., N_l].</param>
    /// <param name="logPosteriorPerDimension">Terms whose sum is log q in nats, [..., N_l], where evidence was given.</param>
    public SampledLatentStep(
        torch.Tensor baseLatent,
        torch.Tensor code,
        torch.Tensor priorNoise,
        torch.Tensor standardized,
        torch.Tensor logPriorPerDimension,
        torch.Tensor? logPosteriorPerDimension)
        : base(baseLatent, code)
    {
        PriorNoise = priorNoise;
        _standardized = standardized;
        _logPriorPerDimension = logPriorPerDimension;
        _logPosteriorPerDimension = logPosteriorPerDimension;
    }

    /// <inheritdoc/>
    public override torch.Tensor LogPrior => _logPriorPerDimension.sum(-1);

    /// <inheritdoc/>
    public override torch.Tensor LogPosterior => Evidenced(_logPosteriorPerDimension).sum(-1);

    /// <inheritdoc/>
    public override torch.Tensor KlPerDimension => Evidenced(_logPosteriorPerDimension) - _logPriorPerDimension;

    /// <inheritdoc/>
    public override torch.Tensor StandardizedShift => _standardized.alias();

    /// <inheritdoc/>
    public override torch.Tensor PriorNoise { get; }
}
