namespace Sere.Models.Configuration;

/// <summary>The whole image as one block, on several codes at once. JSON kind "whole".</summary>
public sealed record WholePartitionConfiguration : PartitionConfiguration
{
    /// <summary>The codes that it sees.</summary>
    public CodesSeen Codes { get; init; } = CodesSeen.All;

    internal override void Validate(string path) => ConfigurationCheck.RequireNamed($"{path}.codes", Codes);
}
