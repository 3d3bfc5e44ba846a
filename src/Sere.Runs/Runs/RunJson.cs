using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sere.Storage;

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
        Converters = { new PackedSingles() },
    };

    public static JsonSerializerOptions Indented { get; } = new(Line) { WriteIndented = true };

    /// <summary>Reads what a run keeps and could measure again; null where it is missing, damaged or of another version.</summary>
    public static T? TryRead<T>(string path, long largest)
        where T : class
    {
        try
        {
            return OrdinaryFile.HasContent(path)
                ? JsonSerializer.Deserialize<T>(OrdinaryFile.ReadAllText(path, largest), Line)
                : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or SereException
            || FileFault.IsFault(error))
        {
            return null;
        }
    }
}

/// <summary>Arrays of single precision as base64 of their bytes, little-endian: maps and axes are long.</summary>
internal sealed class PackedSingles : JsonConverter<float[]>
{
    public override float[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        byte[] bytes = reader.GetBytesFromBase64();
        return bytes.Length % sizeof(float) == 0
            ? MemoryMarshal.Cast<byte, float>(bytes).ToArray()
            : throw new JsonException("The bytes are no whole number of values.");
    }

    public override void Write(Utf8JsonWriter writer, float[] value, JsonSerializerOptions options) =>
        writer.WriteBase64StringValue(MemoryMarshal.AsBytes<float>(value));
}
