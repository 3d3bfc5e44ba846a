namespace Sere.Models.Configuration;

/// <summary>Reads and writes configurations as JSON.</summary>
public static class ConfigurationFile
{
    /// <summary>The JSON member that says which of several records an object is.</summary>
    internal const string KindMember = "kind";
}
