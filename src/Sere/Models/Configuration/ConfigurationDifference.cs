using System.Text.Json.Nodes;

namespace Sere.Models.Configuration;

/// <summary>Says where two configurations differ.</summary>
public static class ConfigurationDifference
{
    /// <summary>The first difference as "path is A there and B here", or null if there is none.</summary>
    public static string? First(ExperimentConfiguration there, ExperimentConfiguration here) => First(
        "", JsonNode.Parse(ConfigurationFile.ToJson(there)), JsonNode.Parse(ConfigurationFile.ToJson(here)));

    /// <summary>The same of any two JSON trees.</summary>
    internal static string? First(JsonNode? there, JsonNode? here) => First("", there, here);

    private static string? First(string path, JsonNode? there, JsonNode? here)
    {
        if (there is not JsonObject first || here is not JsonObject second)
        {
            return JsonNode.DeepEquals(there, here) ? null : $"{ConfigurationSchema.Short(path)} is {Show(there)} there and {Show(here)} here";
        }

        return first.Select(member => member.Key).Union(second.Select(member => member.Key), StringComparer.Ordinal)
            .Select(name => First(path.Length == 0 ? name : $"{path}.{name}", first[name], second[name]))
            .FirstOrDefault(difference => difference is not null);
    }

    private static string Show(JsonNode? node) => ConfigurationSchema.Short(node?.ToJsonString() ?? "null");
}
