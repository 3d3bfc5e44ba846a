namespace Sere.Models.Configuration;

/// <summary>Independent Gaussian pixels, for continuous data. JSON kind "gaussian".</summary>
public sealed record GaussianDataConfiguration : DataLayerConfiguration
{
    /// <summary>The smallest standard deviation, in the data's own units; greater than 0.</summary>
    public double ScaleFloor { get; init; } = 1e-3;

    internal override void Validate(string path)
    {
        base.Validate(path);
        ConfigurationCheck.Require(
            ScaleFloor is > 0 and < double.PositiveInfinity,
            $"{path}.scaleFloor",
            ScaleFloor,
            "greater than 0 and finite");
    }
}
