namespace Sere.Models.Configuration;

/// <summary>
/// An inverse autoregressive flow (Kingma et al. 2016) whose steps all see the code of the layer before, with the dimensions
/// reversed between two steps. JSON kind "inverse-autoregressive".
/// </summary>
public sealed record InverseAutoregressiveConfiguration : BijectorConfiguration
{
    /// <summary>The masked network of each step; its hidden widths are those between the masks.</summary>
    public NetworkConfiguration Network { get; init; } = new MlpConfiguration();

    /// <summary>The steps of the flow; 1 to 1000.</summary>
    public int Steps { get; init; } = 1;

    /// <summary>The smallest factor of a step on a base variable; greater than 0 and less than 0.9, near which it starts.</summary>
    public double GateFloor { get; init; } = 0.05;

    internal override void Validate(string path)
    {
        Network.Validate($"{path}.network");
        ConfigurationCheck.RequirePerceptrons($"{path}.network", Network);
        ConfigurationCheck.Require(Steps is >= 1 and <= 1000, $"{path}.steps", Steps, "a whole number from 1 to 1000");
        ConfigurationCheck.Require(
            GateFloor is > 0 and < 0.9, $"{path}.gateFloor", GateFloor, "greater than 0 and less than 0.9");
    }
}
