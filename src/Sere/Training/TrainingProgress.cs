using System.Text.Json.Serialization;

namespace Sere.Training;

/// <summary>
/// Where a run stands: with the parameters, the optimizer's state and the average, all that is needed to go on. Sums run
/// over the images of the epoch that is under way.
/// </summary>
public sealed record TrainingProgress
{
    /// <summary>Epochs that are complete.</summary>
    public int Epoch { get; init; }

    /// <summary>Steps done in the epoch that is under way.</summary>
    public int StepInEpoch { get; init; }

    /// <summary>Steps done since the start, skipped ones included.</summary>
    public long Step { get; init; }

    /// <summary>Skipped steps since the last good one.</summary>
    public int SkippedInARow { get; init; }

    /// <summary>Steps of this epoch that were skipped.</summary>
    public int SkippedSteps { get; init; }

    /// <summary>Images of the good steps of this epoch.</summary>
    public long Images { get; init; }

    /// <summary>Sum of log p(x | z) over those images, in nats.</summary>
    public double LogLikelihoodSum { get; init; }

    /// <summary>Sum of each layer's divergence over those images, in nats.</summary>
    public IReadOnlyList<double> KlSums { get; init; } = [];

    /// <summary>Sum of the K-sample bound over those images, in nats; null where the run trains on the ELBO.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? BoundSum { get; init; }

    /// <summary>Sum of the gradient's norm over the good steps of this epoch.</summary>
    public double GradientNormSum { get; init; }

    /// <summary>Seconds spent in this epoch's steps.</summary>
    public double Seconds { get; init; }
}

/// <summary>What an epoch of training measured on its own batches, as means over images, in nats.</summary>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="Step">Steps done since the start of the run.</param>
/// <param name="Beta">Weight of the Kullback-Leibler divergence in the last step.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="Elbo">Evidence lower bound, with the full divergence whatever beta is.</param>
/// <param name="LogLikelihoodTerm">log p(x | z).</param>
/// <param name="KlPerLayer">Kullback-Leibler divergence of each layer.</param>
/// <param name="GradientNorm">Mean norm of the gradient before clipping.</param>
/// <param name="SkippedSteps">Steps of this epoch that were skipped because they were not finite, or their gradient too long.</param>
/// <param name="ImagesPerSecond">Training images a second.</param>
public sealed record EpochMetrics(
    int Epoch,
    long Step,
    double Beta,
    double LearningRate,
    double Elbo,
    double LogLikelihoodTerm,
    IReadOnlyList<double> KlPerLayer,
    double GradientNorm,
    int SkippedSteps,
    double ImagesPerSecond)
{
    /// <summary>The K-sample bound, where the run trains on it; else null.</summary>
    public double? ImportanceWeightedBound { get; init; }

    /// <summary>Of an epoch that is complete.</summary>
    internal static EpochMetrics Of(TrainingProgress epoch, double beta, double learningRate, bool hasBound)
    {
        // Without a good step there is nothing to report: not a number, which is never the best.
        double images = epoch.Images == 0 ? double.NaN : epoch.Images;
        double logLikelihood = epoch.LogLikelihoodSum / images;
        double[] kl = [.. epoch.KlSums.Select(sum => sum / images)];
        return new EpochMetrics(
            epoch.Epoch + 1,
            epoch.Step,
            beta,
            learningRate,
            logLikelihood - kl.Sum(),
            logLikelihood,
            kl,
            epoch.GradientNormSum / Math.Max(1, epoch.StepInEpoch - epoch.SkippedSteps),
            epoch.SkippedSteps,
            epoch.Images / Math.Max(epoch.Seconds, 1e-9))
        {
            ImportanceWeightedBound = hasBound ? (epoch.BoundSum ?? 0) / images : null,
        };
    }
}

/// <summary>The parts of a training step, in their order.</summary>
internal enum TrainingPhase
{
    /// <summary>Choosing, copying and binarizing the images and drawing the noise.</summary>
    Data,

    /// <summary>The bound of the batch.</summary>
    Forward,

    /// <summary>Its gradient.</summary>
    Backward,

    /// <summary>The check of the figures, clipping, and the update.</summary>
    Optimizer,
}
