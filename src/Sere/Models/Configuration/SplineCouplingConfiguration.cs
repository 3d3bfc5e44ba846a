namespace Sere.Models.Configuration;

/// <summary>
/// A neural spline flow of coupling transformations (Durkan et al. 2019) whose networks all see the code of the layer
/// before. JSON kind "spline-coupling".
/// </summary>
public sealed record SplineCouplingConfiguration : BijectorConfiguration
{
    /// <summary>The network of each coupling, from one half of the variables and the code before to the splines of the other.</summary>
    public NetworkConfiguration Network { get; init; } = new MlpConfiguration();

    /// <summary>The couplings, in which the halves take turns; 1 to 1000.</summary>
    public int Steps { get; init; } = 2;

    /// <summary>The bins of each spline; 1 to 1000.</summary>
    public int Bins { get; init; } = 8;

    /// <summary>The splines map the interval from -tailBound to tailBound, and nothing outside it; greater than 0.</summary>
    public double TailBound { get; init; } = 3;

    internal override void Validate(string path)
    {
        Network.Validate($"{path}.network");
        ConfigurationCheck.Require(Steps is >= 1 and <= 1000, $"{path}.steps", Steps, "a whole number from 1 to 1000");
        ConfigurationCheck.RequireSpline(path, Bins, TailBound);
    }
}
