using System.Text.Json.Serialization;

namespace Sere.Models.Configuration;

/// <summary>
/// A size for each layer: one for all, or a list with one for each. In JSON a whole number or a list of whole numbers.
/// </summary>
[JsonConverter(typeof(LayerSizesConverter))]
public sealed class LayerSizes : IEquatable<LayerSizes>
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

    internal void Validate(string path, int? layers)
    {
        const string Range = "a whole number from 1 to 100000";
        if (IsUniform)
        {
            ConfigurationCheck.Require(_sizes[0] is >= 1 and <= 100_000, path, _sizes[0], Range);
            return;
        }

        ConfigurationCheck.Require(
            layers is null ? _sizes.Length is >= 1 and <= 10_000 : _sizes.Length == layers,
            path,
            _sizes,
            layers is null
                ? "a list of 1 to 10000 sizes, one for each layer"
                : $"one number for all layers, or a list with one for each of model.layers ({layers})");
        for (int layer = 0; layer < _sizes.Length; layer++)
        {
            ConfigurationCheck.Require(_sizes[layer] is >= 1 and <= 100_000, $"{path}[{layer}]", _sizes[layer], Range);
        }
    }
}
