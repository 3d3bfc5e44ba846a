using Sere.Likelihoods;

namespace Sere.Models.Configuration;

/// <summary>
/// logit(alpha + (1 - 2 alpha) x) of data in [0, 1] (Papamakarios et al. 2017); log-likelihoods are those of the logits. JSON
/// kind "logit".
/// </summary>
public sealed record LogitConfiguration : PreprocessingConfiguration
{
    /// <summary>What keeps the logit finite at 0 and at 1; greater than 0 and less than 0.5.</summary>
    public double Alpha { get; init; } = 0.05;

    /// <summary>What the logits are brought to next; log-likelihoods stay those of the logits.</summary>
    public DataNormalization Normalization { get; init; } = DataNormalization.None;

    internal override bool IsFitted => Normalization != DataNormalization.None;

    internal override void Validate(string path) => ConfigurationCheck.Require(
        Alpha is > 0 and < 0.5, $"{path}.alpha", Alpha, "greater than 0 and less than 0.5");
}
