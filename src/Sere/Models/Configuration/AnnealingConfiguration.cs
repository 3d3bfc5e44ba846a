namespace Sere.Models.Configuration;

/// <summary>
/// The weight of the Kullback-Leibler term (eq. 10) in the objective: from the start it rises linearly to 1 within a
/// fraction of the run, and stays there.
/// </summary>
public sealed record AnnealingConfiguration
{
    /// <summary>The weight at the first step, s0; 0 to 1.</summary>
    public double Start { get; init; } = 1;

    /// <summary>The fraction of the run, W, after which the weight is 1; 0 to 1, and 0 for no annealing.</summary>
    public double Fraction { get; init; }

    internal void Validate(string path)
    {
        ConfigurationCheck.Require(Start is >= 0 and <= 1, $"{path}.start", Start, "from 0 to 1");
        ConfigurationCheck.Require(Fraction is >= 0 and <= 1, $"{path}.fraction", Fraction, "from 0 to 1");
    }
}
