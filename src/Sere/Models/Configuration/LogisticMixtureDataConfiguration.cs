using Sere.Distributions;

namespace Sere.Models.Configuration;

/// <summary>
/// Mixtures of discretized logistics, for grey or colour images of whole levels (Salimans et al. 2017). JSON kind
/// "logistic-mixture".
/// </summary>
public sealed record LogisticMixtureDataConfiguration : DataLayerConfiguration
{
    private const int MostLevels = 65_536;

    /// <summary>M, the components of a pixel; 1 to 100.</summary>
    public int Mixtures { get; init; } = 5;

    /// <summary>V, the levels of a value: 256 for bytes; 2 to 65536.</summary>
    public int Levels { get; init; } = 256;

    /// <summary>The smallest scale of a logistic, in units in which the values go from -1 to 1; 1e-6 to 1.</summary>
    public double ScaleFloor { get; init; } = 1e-3;

    internal override void Validate(string path)
    {
        base.Validate(path);
        ConfigurationCheck.Require(
            Mixtures is >= 1 and <= LogisticMixtureSettings.MostMixtures,
            $"{path}.mixtures",
            Mixtures,
            $"a whole number from 1 to {LogisticMixtureSettings.MostMixtures}");
        ConfigurationCheck.Require(
            Levels is >= 2 and <= MostLevels, $"{path}.levels", Levels, $"a whole number from 2 to {MostLevels}");
        ConfigurationCheck.Require(
            ScaleFloor is >= 1e-6 and <= 1, $"{path}.scaleFloor", ScaleFloor, "a number from 1e-6 to 1");
    }
}
