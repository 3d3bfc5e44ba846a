namespace Sere.Models.Configuration;

/// <summary>
/// Each dimension brought to mean 0 and variance 1 over the training data; log-likelihoods stay those of the data. JSON kind
/// "standardize".
/// </summary>
public sealed record StandardizeConfiguration : PreprocessingConfiguration
{
    internal override bool IsFitted => true;
}
