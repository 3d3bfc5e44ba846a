namespace Sere.Models.Configuration;

/// <summary>
/// The diagonal Gaussian prior of the base variables of layers 2 to L, with mean mu and scale s from the code of the
/// layer before (eq. 3); the first layer's is standard normal.
/// </summary>
public sealed record PriorConfiguration
{
    /// <summary>The network from the code of layer l-1 to mu and s; also that of mu_q and s_q where the prior is not coupled.</summary>
    public NetworkConfiguration Network { get; init; } = new MlpConfiguration();

    /// <summary>The bound of |mu|, kept by a smooth map; greater than 0.</summary>
    public double MeanBound { get; init; } = 5;

    /// <summary>The smallest s; greater than 0 and less than the ceiling. The default is exp(-4).</summary>
    public double ScaleFloor { get; init; } = 0.018315638888734179;

    /// <summary>The largest s; greater than the floor. The default is exp(2).</summary>
    public double ScaleCeiling { get; init; } = 7.38905609893065;

    internal void Validate(string path)
    {
        Network.Validate($"{path}.network");
        ConfigurationCheck.Require(
            MeanBound is > 0 and < double.PositiveInfinity,
            $"{path}.meanBound",
            MeanBound,
            "greater than 0 and finite");
        ConfigurationCheck.Require(
            ScaleCeiling is > 0 and < double.PositiveInfinity,
            $"{path}.scaleCeiling",
            ScaleCeiling,
            "greater than 0 and finite");
        ConfigurationCheck.Require(
            ScaleFloor > 0 && ScaleFloor < ScaleCeiling,
            $"{path}.scaleFloor",
            ScaleFloor,
            $"greater than 0 and less than scaleCeiling ({ScaleCeiling})");
    }
}
