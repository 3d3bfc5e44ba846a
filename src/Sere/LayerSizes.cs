using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sere;

/// <summary>
/// A size for each layer: one for all, or a list with one for each. In JSON a whole number or a list of whole numbers.
/// </summary>
[JsonConverter(typeof(LayerSizesConverter))]
public sealed class LayerSizes : IEquatable<LayerSizes>, IEnumerable<int>
{
    private readonly int[] _sizes;

    /// <summary>One size for all layers.</summary>
    public LayerSizes(int size)
    {
        _sizes = [size];
        IsUniform = true;
    }

    /// <summary>A size for each layer, from the first one that is drawn.</summary>
    public LayerSizes(IReadOnlyList<int> sizes)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        _sizes = [.. sizes];
    }

    /// <summary>Whether one size is that of all layers.</summary>
    public bool IsUniform { get; }

    /// <summary>The sizes as they are written: one for all, or each.</summary>
    public IReadOnlyList<int> Values => _sizes;

    /// <summary>The size of each of so many layers.</summary>
    /// <exception cref="ArgumentException">There is a list, and it has another length.</exception>
    public int[] ForLayers(int layers) =>
        IsUniform ? [.. Enumerable.Repeat(_sizes[0], layers)]
        : _sizes.Length == layers ? [.. _sizes]
        : throw new ArgumentException($"There are {_sizes.Length} sizes for {layers} layers.", nameof(layers));

    /// <summary>Whether both say the same in the same form.</summary>
    public bool Equals(LayerSizes? other) =>
        other is not null && IsUniform == other.IsUniform && _sizes.AsSpan().SequenceEqual(other._sizes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LayerSizes);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(IsUniform);
        foreach (int size in _sizes)
        {
            hash.Add(size);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => IsUniform ? $"{_sizes[0]}" : $"[{string.Join(", ", _sizes)}]";

    /// <summary>Refuses a list that has not a size for each layer.</summary>
    internal void RequireFor(int layers, string path) => Choice.Require(
        IsUniform || _sizes.Length == layers,
        path,
        _sizes,
        $"one number for all layers, or a list with one for each of model.layers ({layers})");

    IEnumerator<int> IEnumerable<int>.GetEnumerator() => Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _sizes.GetEnumerator();
}

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
