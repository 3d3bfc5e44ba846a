namespace Sere.Models.Configuration;

/// <summary>
/// What the residual of a data layer sees; it is added to the layer's parameters before squashing and floors.
/// </summary>
public enum DataResidual
{
    /// <summary>
    /// The previous block and the layer's own code, joined: delta(x of layer l-1, z of layer l); JSON "joint".
    /// </summary>
    Joint,

    /// <summary>The previous block alone: delta(x of layer l-1); JSON "evidence".</summary>
    Evidence,
}
