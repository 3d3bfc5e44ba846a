namespace Sere.Evaluation;

/// <summary>What importance sampling says of each image, in nats; arrays in the order of the images.</summary>
public sealed record ImageLikelihoods
{
    /// <summary>The K-sample bound on log p(x) (or log p(x) itself, where the model is exact).</summary>
    public required double[] LogLikelihood { get; init; }

    /// <summary>The evidence lower bound: the mean of the K log importance weights.</summary>
    public required double[] Elbo { get; init; }

    /// <summary>Standard error of <see cref="LogLikelihood"/> that comes from having K samples and not more.</summary>
    public required double[] MonteCarloStandardError { get; init; }

    /// <summary>(sum w)^2 / sum w^2 of the K importance weights, between 1 and K.</summary>
    public required double[] EffectiveSampleSize { get; init; }
}
