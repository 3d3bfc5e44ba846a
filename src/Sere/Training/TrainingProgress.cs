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
