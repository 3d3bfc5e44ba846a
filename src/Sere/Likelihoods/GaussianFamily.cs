using Sere.Distributions;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>Continuous data: mean and standard deviation floor + softplus(s) a dimension.</summary>
public sealed class GaussianFamily : DataFamily
{
    private readonly double _scaleFloor;

    /// <summary>A family with a lower bound on the standard deviation, without which a density is not bounded.</summary>
    public GaussianFamily(double scaleFloor)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scaleFloor);
        _scaleFloor = scaleFloor;
    }

    /// <inheritdoc/>
    public override int ParametersPerPosition => 2;

    /// <inheritdoc/>
    public override string Space => "data";

    /// <inheritdoc/>
    public override DataDistribution Bind(torch.Tensor parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var parts = parameters.chunk(2, -1);
        return new DiagonalNormal(parts[0], parts[1].Softplus().Plus(_scaleFloor).log());
    }

    /// <inheritdoc/>
    public override torch.Tensor InitialParameters(torch.Tensor mean)
    {
        ArgumentNullException.ThrowIfNull(mean);
        return torch.cat([mean, torch.zeros_like(mean)]);
    }
}
