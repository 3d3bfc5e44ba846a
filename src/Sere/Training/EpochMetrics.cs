namespace Sere.Training;

/// <summary>What an epoch of training measured on its own batches, as means over images, in nats.</summary>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="Step">Steps done since the start of the run.</param>
/// <param name="Beta">Weight of the Kullback-Leibler divergence in the last step.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="Elbo">Evidence lower bound, with the full divergence whatever beta is.</param>
/// <param name="LogLikelihoodTerm">log p(x | z).</param>
/// <param name="KlPerLayer">Kullback-Leibler divergence of each layer.</param>
/// <param name="GradientNorm">Mean norm of the gradient before clipping.</param>
/// <param name="SkippedSteps">Steps of this epoch that were skipped because they were not finite.</param>
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

    /// <summary>Kullback-Leibler divergence of all layers together.</summary>
    public double Kl => KlPerLayer.Sum();
}
