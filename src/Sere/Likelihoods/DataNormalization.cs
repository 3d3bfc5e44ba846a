namespace Sere.Likelihoods;

/// <summary>What is fitted to the training data before a flow's first step.</summary>
public enum DataNormalization
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Mean 0 and variance 1 in each dimension.</summary>
    Standardize,

    /// <summary>
    /// The principal axes of the data, those of largest variance first, each of mean 0 and variance 1: what a flow starts
    /// from is then one normal distribution with full covariance.
    /// </summary>
    Whiten,
}
