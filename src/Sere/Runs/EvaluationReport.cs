namespace Sere.Runs;

/// <summary>What the evaluation of a model on a split says: the object that sere evaluate --json prints.</summary>
public sealed record EvaluationReport
{
    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>The data set's name.</summary>
    public required string Dataset { get; init; }

    /// <summary>"test", "validation" or "train".</summary>
    public required string Split { get; init; }

    /// <summary>Images that were evaluated: the first ones of the split.</summary>
    public required int Images { get; init; }

    /// <summary>Importance samples an image, K.</summary>
    public required int ImportanceSamples { get; init; }

    /// <summary>Mean of log p(x), or of its K-sample bound, in nats.</summary>
    public required double LogLikelihood { get; init; }

    /// <summary>Standard error of that mean over the images, in nats; null for a single image.</summary>
    public required double? StandardError { get; init; }

    /// <summary>
    /// How far that mean would move with other importance samples, as a standard deviation in nats; 0 for an exact model, null
    /// with too few samples to tell.
    /// </summary>
    public required double? MonteCarloError { get; init; }

    /// <summary>Median over the images of k-hat, the Pareto shape of their weights; null where there is none.</summary>
    public required double? ParetoShape { get; init; }

    /// <summary>Images whose k-hat says that their bound rests on a few importance samples.</summary>
    public required int UnreliableImages { get; init; }

    /// <summary>Whether the log-likelihood is a lower bound.</summary>
    public required bool IsBound { get; init; }

    /// <summary>"discrete", "data" or "logit": what a nat is counted in.</summary>
    public required string Space { get; init; }

    /// <summary>Mean evidence lower bound, in nats.</summary>
    public required double Elbo { get; init; }

    /// <summary>
    /// -log p(x) / (D log 2) of discrete data; of 8-bit images that are dequantized, the same of their levels, whatever the
    /// space of the log-likelihood; else null.
    /// </summary>
    public required double? BitsPerDim { get; init; }

    /// <summary>
    /// Whether <see cref="BitsPerDim"/> is an upper bound: of a model whose log-likelihood is one, and of dequantized data.
    /// Null where there is none.
    /// </summary>
    public required bool? BitsPerDimIsBound { get; init; }

    /// <summary>Kullback-Leibler divergence of each layer, in nats.</summary>
    public required IReadOnlyList<double> KlPerLayer { get; init; }

    /// <summary>
    /// Whether those divergences are one-sample estimates of log q - log p, which may be negative, and no closed forms.
    /// </summary>
    public required bool KlIsEstimated { get; init; }

    /// <summary>Units whose posterior moves with the data.</summary>
    public required int ActiveUnits { get; init; }

    /// <summary>Seed of the binarization and of the importance samples.</summary>
    public required long Seed { get; init; }

    /// <summary>How long it took.</summary>
    public required double Seconds { get; init; }
}
