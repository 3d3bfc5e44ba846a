using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sere.Runs;

/// <summary>How runs write and read their JSON.</summary>
internal static class RunJson
{
    public static JsonSerializerOptions Line { get; } = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static JsonSerializerOptions Indented { get; } = new(Line) { WriteIndented = true };
}
