using Sere.Data;
using Sere.Models.Configuration;

namespace Sere.Runs;

/// <summary>Names a configuration that is given other data than its own, which its name and description speak of.</summary>
public static class OtherData
{
    private const int LongestName = 100;

    /// <summary>The configuration, under a name and a description that say what the data is.</summary>
    /// <param name="configuration">The configuration as it was written.</param>
    /// <param name="dataset">The data set that it is used with.</param>
    public static ExperimentConfiguration Describe(ExperimentConfiguration configuration, string dataset)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        dataset = DatasetCatalog.WithFullPath(dataset);
        if (string.Equals(dataset, DatasetCatalog.WithFullPath(configuration.Dataset.Name), StringComparison.Ordinal))
        {
            return configuration;
        }

        string name = $"{configuration.Name}-{SafeName(DatasetCatalog.ShortName(dataset))}";
        return configuration with
        {
            Name = name[..Math.Min(name.Length, LongestName)],
            Description = $"The configuration {configuration.Name} with the data set {dataset}.",
        };
    }

    private static string SafeName(string name)
    {
        char[] safe = Array.ConvertAll(
            name.ToCharArray(), letter => char.IsLetterOrDigit(letter) || letter is '-' or '_' or '.' ? letter : '-');
        return new string(safe).Trim('-', '.') is { Length: > 0 } trimmed ? trimmed : "data";
    }
}
