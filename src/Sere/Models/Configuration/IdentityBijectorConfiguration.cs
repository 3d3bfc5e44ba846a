namespace Sere.Models.Configuration;

/// <summary>z = eps: no map. JSON kind "identity".</summary>
public sealed record IdentityBijectorConfiguration : BijectorConfiguration
{
    internal override void Validate(string path)
    {
        // Nothing can be out of range.
    }
}
