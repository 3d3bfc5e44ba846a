namespace Sere.Likelihoods;

/// <summary>Where a flow takes data to before its first step.</summary>
public enum DataSpaceKind
{
    /// <summary>Nowhere.</summary>
    None,

    /// <summary>logit(alpha + (1 - 2 alpha) x), of data in [0, 1]; log-likelihoods are those of the logits.</summary>
    Logit,

    /// <summary>Mean 0 and variance 1 over the training data in each dimension; log-likelihoods stay those of the data.</summary>
    Standardize,
}
