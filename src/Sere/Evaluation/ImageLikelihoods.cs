using System.Globalization;
using Sere.Distributed;

namespace Sere.Evaluation;

/// <summary>What importance sampling says of each image, in nats; arrays in the order of the images.</summary>
public sealed record ImageLikelihoods
{
    /// <summary>The <see cref="ParetoShape"/> from which on few samples carry a bound (Vehtari et al. 2024).</summary>
    public const double LargestReliableShape = 0.7;

    /// <summary>The K-sample bound on log p(x) (or log p(x) itself, where the model is exact).</summary>
    public required double[] LogLikelihood { get; init; }

    /// <summary>The evidence lower bound: the mean of the K log importance weights.</summary>
    public required double[] Elbo { get; init; }

    /// <summary>
    /// How far <see cref="LogLikelihood"/> would move with K other samples, as a standard deviation; 0 where the model
    /// is exact, NaN below 21 samples. How far the bound lies below log p(x) is not in it.
    /// </summary>
    public required double[] MonteCarloStandardError { get; init; }

    /// <summary>
    /// k-hat: the shape of a generalized Pareto distribution that is fitted to the largest weights; their moments
    /// beyond 1 / k-hat do not exist. NaN where the model is exact, and below 21 samples.
    /// </summary>
    public required double[] ParetoShape { get; init; }

    /// <summary>(sum w)^2 / sum w^2 of the K importance weights, between 1 and K.</summary>
    public required double[] EffectiveSampleSize { get; init; }

    /// <summary>How many images have a shape beyond <see cref="LargestReliableShape"/>.</summary>
    public int UnreliableImages => ParetoShape.Count(shape => shape > LargestReliableShape);

    /// <summary>What to say about those images, as a sentence; null where there are none.</summary>
    public string? Caution => UnreliableImages == 0
        ? null
        : string.Create(
            CultureInfo.InvariantCulture,
            $"Few importance samples carry the bounds of {UnreliableImages} of {ParetoShape.Length} images (Pareto "
            + $"shape above {LargestReliableShape}), so they may lie well below log p(x); more samples raise them.");

    /// <summary>Room for the figures of some images.</summary>
    internal static ImageLikelihoods Zeros(int images) => new()
    {
        LogLikelihood = new double[images],
        Elbo = new double[images],
        MonteCarloStandardError = new double[images],
        ParetoShape = new double[images],
        EffectiveSampleSize = new double[images],
    };

    /// <summary>Takes in the figures of other processes; of an image, all but one process have zeros.</summary>
    internal void Merge(ProcessGroup group, CancellationToken cancellation)
    {
        double[][] all = [LogLikelihood, Elbo, MonteCarloStandardError, ParetoShape, EffectiveSampleSize];
        foreach (double[] figures in all)
        {
            group.Sum<double>(figures, cancellation);
        }
    }

    /// <summary>The figures of several evaluations one after the other.</summary>
    internal static ImageLikelihoods Join(IReadOnlyList<ImageLikelihoods> parts) => new()
    {
        LogLikelihood = [.. parts.SelectMany(part => part.LogLikelihood)],
        Elbo = [.. parts.SelectMany(part => part.Elbo)],
        MonteCarloStandardError = [.. parts.SelectMany(part => part.MonteCarloStandardError)],
        ParetoShape = [.. parts.SelectMany(part => part.ParetoShape)],
        EffectiveSampleSize = [.. parts.SelectMany(part => part.EffectiveSampleSize)],
    };
}
