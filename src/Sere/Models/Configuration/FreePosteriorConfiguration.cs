namespace Sere.Models.Configuration;

/// <summary>A diagonal Gaussian of the image alone: the base of a posterior that does not start from the prior.</summary>
public sealed record FreePosteriorConfiguration
{
    /// <summary>The standard deviation before training; between the floor and the ceiling.</summary>
    public double InitialScale { get; init; } = 0.95;

    /// <summary>The smallest standard deviation; greater than 0. The default is exp(-4).</summary>
    public double ScaleFloor { get; init; } = 0.018315638888734179;

    /// <summary>The largest standard deviation. The default is exp(2).</summary>
    public double ScaleCeiling { get; init; } = 7.38905609893065;

    internal void Validate(string path)
    {
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
        ConfigurationCheck.Require(
            InitialScale > ScaleFloor && InitialScale < ScaleCeiling,
            $"{path}.initialScale",
            InitialScale,
            $"greater than scaleFloor ({ScaleFloor}) and less than scaleCeiling ({ScaleCeiling})");
    }
}
