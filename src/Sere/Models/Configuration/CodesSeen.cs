namespace Sere.Models.Configuration;

/// <summary>Which codes the distribution of the whole image sees.</summary>
public enum CodesSeen
{
    /// <summary>Those of all layers.</summary>
    All,

    /// <summary>That of the last layer, which alone carries what the others say.</summary>
    Last,
}
