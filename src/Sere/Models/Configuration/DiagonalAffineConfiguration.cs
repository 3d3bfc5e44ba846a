namespace Sere.Models.Configuration;

/// <summary>
/// z = c + diag(d) eps with c and d from the code of the layer before; the first layer's are constant, learned parameters.
/// JSON kind "diagonal-affine".
/// </summary>
public sealed record DiagonalAffineConfiguration : BijectorConfiguration
{
    /// <summary>The network from the code of layer l-1 to c and d.</summary>
    public NetworkConfiguration Network { get; init; } = new MlpConfiguration();

    /// <summary>The smallest d; greater than 0 and less than 1, since d starts near 1.</summary>
    public double DiagonalFloor { get; init; } = 0.05;

    /// <summary>The largest d; greater than 1, since d starts near 1.</summary>
    public double DiagonalCeiling { get; init; } = 2;

    internal override void Validate(string path)
    {
        Network.Validate($"{path}.network");
        ConfigurationCheck.RequireDiagonal(path, DiagonalFloor, DiagonalCeiling);
    }
}
