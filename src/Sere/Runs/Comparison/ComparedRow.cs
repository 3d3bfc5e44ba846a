using Sere.Evaluation;

namespace Sere.Runs.Comparison;

/// <summary>A row of the table. Log-likelihoods are in nats per image.</summary>
public sealed record ComparedRow
{
    /// <summary>The row.</summary>
    public required string Model { get; init; }

    /// <summary>Numbers that training changes.</summary>
    public required long Parameters { get; init; }

    /// <summary>Latent variables of each layer.</summary>
    public required IReadOnlyList<int> LatentsPerLayer { get; init; }

    /// <summary>Median milliseconds of a training step; null for a baseline.</summary>
    public required double? StepMilliseconds { get; init; }

    /// <summary>A step over one of the reference, the median over turns; null for a baseline.</summary>
    public required double? RelativeStepTime { get; init; }

    /// <summary>Mean of the log importance weights, or log p(x) where that is exact.</summary>
    public required double Elbo { get; init; }

    /// <summary>Mean of log p(x), or of its K-sample bound.</summary>
    public required double LogLikelihood { get; init; }

    /// <summary>
    /// Bits for each dimension of images of whole levels that are not binary: -log p(x) / (D log 2) of a model of levels, those
    /// of the pixels of a model of dequantized ones (<see cref="SpaceLogDeterminants"/>); null of other data.
    /// </summary>
    public required double? BitsPerDim { get; init; }

    /// <summary>Whether the bits are an upper bound: of a bound, or of dequantized images. Null without bits.</summary>
    public required bool? BitsPerDimIsBound { get; init; }

    /// <summary>Standard error of that mean over the images; null for one image.</summary>
    public required double? StandardError { get; init; }

    /// <summary>Whether the log-likelihood is a lower bound.</summary>
    public required bool IsBound { get; init; }

    /// <summary>Mean over the images of the log-likelihood less the reference's; null where the reference failed.</summary>
    public required double? Difference { get; init; }

    /// <summary>Standard error of that mean of paired differences; null where it is not known.</summary>
    public required double? DifferenceStandardError { get; init; }

    /// <summary>Kullback-Leibler divergence of each layer.</summary>
    public required IReadOnlyList<double> KlPerLayer { get; init; }

    /// <summary>Units whose posterior moves with the data.</summary>
    public required int ActiveUnits { get; init; }

    /// <summary>The epoch whose weights were evaluated.</summary>
    public required int BestEpoch { get; init; }

    /// <summary>Training steps that were skipped.</summary>
    public required long SkippedSteps { get; init; }

    /// <summary>Seconds of training and validation, on a machine that may have had other work.</summary>
    public required double TrainingSeconds { get; init; }
}
