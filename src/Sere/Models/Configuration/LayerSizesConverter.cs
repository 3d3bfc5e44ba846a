using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sere.Models.Configuration;

/// <summary>Reads and writes <see cref="LayerSizes"/> as a number or a list of numbers.</summary>
internal sealed class LayerSizesConverter : JsonConverter<LayerSizes>
{
    /// <inheritdoc/>
    public override LayerSizes Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number
            ? new LayerSizes(reader.GetInt32())
            : new LayerSizes(JsonSerializer.Deserialize<int[]>(ref reader, options)!);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, LayerSizes value, JsonSerializerOptions options)
    {
        if (value.IsUniform)
        {
            writer.WriteNumberValue(value.Values[0]);
            return;
        }

        JsonSerializer.Serialize(writer, value.Values, options);
    }
}
