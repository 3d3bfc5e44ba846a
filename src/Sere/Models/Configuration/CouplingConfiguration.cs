namespace Sere.Models.Configuration;

/// <summary>
/// The three couplings between neighbouring layers (section 3.1), each with its own switch. All on is the
/// self-reflective model; prior and bijector off is a deep latent Gaussian model.
/// </summary>
public sealed record CouplingConfiguration
{
    /// <summary>Whether the code of layer l-1 conditions the prior of the base variables of layer l (eq. 3).</summary>
    public bool Prior { get; init; } = true;

    /// <summary>Whether the code of layer l-1 conditions the bijector of layer l.</summary>
    public bool Bijector { get; init; } = true;

    /// <summary>Whether block l-1 of the image conditions the data layer l (eq. 3).</summary>
    public bool Data { get; init; } = true;
}
