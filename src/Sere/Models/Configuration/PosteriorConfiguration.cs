using Sere.Distributions;

namespace Sere.Models.Configuration;

/// <summary>The approximate posterior of the base variables: the prior, moved by the evidence (eqs. 4 and 9).</summary>
public sealed record PosteriorConfiguration
{
    /// <summary>How the evidence enters.</summary>
    public PosteriorResidual Residual { get; init; } = PosteriorResidual.Scaled;

    /// <summary>The value of ds before training; greater than 0 and less than 1.</summary>
    public double InitialScale { get; init; } = 0.95;

    internal void Validate(string path)
    {
        ConfigurationCheck.RequireNamed($"{path}.residual", Residual);
        ConfigurationCheck.Require(
            InitialScale is > 0 and < 1, $"{path}.initialScale", InitialScale, "greater than 0 and less than 1");
    }
}
