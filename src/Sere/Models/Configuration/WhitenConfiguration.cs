namespace Sere.Models.Configuration;

/// <summary>
/// The principal axes of the training data, each brought to mean 0 and variance 1; log-likelihoods stay those of the data.
/// JSON kind "whiten".
/// </summary>
public sealed record WhitenConfiguration : PreprocessingConfiguration
{
    internal override bool IsFitted => true;
}
