namespace Sere.Models.Configuration;

/// <summary>A neural spline flow of coupling transformations (Durkan et al. 2019). JSON kind "spline-coupling".</summary>
public sealed record SplineCouplingFlowConfiguration : FlowConfiguration
{
    /// <summary>The bins of each spline; 1 to 1000.</summary>
    public int Bins { get; init; } = 8;

    /// <summary>The splines map the interval from -tailBound to tailBound, and nothing outside it; greater than 0.</summary>
    public double TailBound { get; init; } = 3;

    internal override void Validate(string path)
    {
        base.Validate(path);
        ConfigurationCheck.RequireSpline(path, Bins, TailBound);
    }
}
