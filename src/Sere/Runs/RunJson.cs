using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sere.Runs;

/// <summary>How runs write and read their JSON.</summary>
internal static class RunJson
{
    /// <summary>camelCase, one line, unknown members and missing values refused.</summary>
    public static JsonSerializerOptions Line { get; } = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>The same on several lines.</summary>
    public static JsonSerializerOptions Indented { get; } = new(Line) { WriteIndented = true };
}
