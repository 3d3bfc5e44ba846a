namespace Sere.Models.Configuration;

/// <summary>
/// z = c + (diag(d) + u u') eps with c, d and u from the code of the layer before; the first layer's are constant,
/// learned parameters. JSON kind "rank-one-affine".
/// </summary>
public sealed record RankOneAffineConfiguration : BijectorConfiguration
{
    /// <summary>The network from the code of layer l-1 to c, d and u.</summary>
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
