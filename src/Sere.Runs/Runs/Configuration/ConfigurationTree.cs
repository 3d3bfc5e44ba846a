using System.Text.Json;

namespace Sere.Runs.Configuration;

/// <summary>
/// Compares a JSON tree with the schema before the serializer sees it, so that every refusal names the path and what
/// is allowed there.
/// </summary>
internal static class ConfigurationTree
{
    public static T Read<T>(JsonElement element)
        where T : Choice
    {
        Check(element, typeof(T), path: "");
        T record = element.Deserialize<T>(ConfigurationSchema.Options)!;
        record.Validate();
        return record;
    }

    /// <summary>Refuses unknown members, kinds and values, and values of a wrong type.</summary>
    public static void Check(JsonElement element, Type declared, string path)
    {
        Type type = Nullable.GetUnderlyingType(declared) ?? declared;
        switch (element.ValueKind)
        {
            case JsonValueKind.Null when type != declared:
                break;
            case JsonValueKind.Object when ConfigurationSchema.IsObject(type):
                CheckObject(element, type, path);
                break;
            case JsonValueKind.Array when ConfigurationSchema.Item(type) is { } itemType:
                foreach (var (index, item) in element.EnumerateArray().Index())
                {
                    Check(item, itemType, $"{path}[{index}]");
                }

                break;
            case JsonValueKind.String when type.IsEnum:
                IReadOnlyList<string> names = ConfigurationSchema.Names(type);
                string name = element.GetString()!;
                if (!names.Contains(name, StringComparer.Ordinal))
                {
                    throw ConfigurationSchema.Unknown($"unknown value \"{Choice.Short(name)}\" of {path}", name, names);
                }

                break;
            default:
                if (!Fits(element, type))
                {
                    throw WrongType(element, declared, path);
                }

                break;
        }
    }

    public static UsageException UnknownKey(string path, string name, IReadOnlyCollection<string> known)
    {
        string shown = Choice.Short(Choice.Join(path, name));
        return known.Count == 0
            ? new UsageException($"unknown key \"{shown}\"; there are no keys below \"{path}\".")
            : ConfigurationSchema.Unknown($"unknown key \"{shown}\"", name, known);
    }

    /// <summary>The record of a kind; refuses an unknown kind.</summary>
    public static Type RecordOf(string kind, OrderedDictionary<string, Type> kinds, string path) =>
        kinds.TryGetValue(kind, out Type? record)
            ? record
            : throw ConfigurationSchema.Unknown(
                $"unknown kind \"{Choice.Short(kind)}\" of {path}", kind, kinds.Keys);

    private static void CheckObject(JsonElement element, Type type, string path)
    {
        OrderedDictionary<string, Type> kinds = ConfigurationSchema.Kinds(type);
        Type record = kinds.Count == 0 ? type : RecordOf(element, kinds, path);
        OrderedDictionary<string, Type> members = ConfigurationSchema.Members(record);
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (members.TryGetValue(property.Name, out Type? member))
            {
                Check(property.Value, member, Choice.Join(path, property.Name));
            }
            else if (kinds.Count == 0 || property.Name is not Choice.KindMember)
            {
                throw UnknownKey(path, property.Name, ConfigurationSchema.Keys(type, record));
            }
        }
    }

    private static Type RecordOf(JsonElement element, OrderedDictionary<string, Type> kinds, string path)
    {
        string kindPath = Choice.Join(path, Choice.KindMember);
        string names = string.Join(", ", kinds.Keys.Select(kind => $"\"{kind}\""));
        if (!element.TryGetProperty(Choice.KindMember, out JsonElement kind))
        {
            throw new UsageException($"{kindPath} is missing; it must be one of {names}.");
        }

        return kind.ValueKind == JsonValueKind.String
            ? RecordOf(kind.GetString()!, kinds, path)
            : throw new UsageException($"{kindPath} is {Shown(kind)}; it must be one of {names}.");
    }

    private static bool Fits(JsonElement element, Type type) => element.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => type == typeof(bool),
        // A text is decoded only when it is asked for, and may turn out to hold half of a surrogate pair.
        JsonValueKind.String => type == typeof(string) && element.GetString() is not null,
        JsonValueKind.Number when type == typeof(int) || type == typeof(LayerSizes) => element.TryGetInt32(out _),
        JsonValueKind.Number when type == typeof(long) => element.TryGetInt64(out _),
        JsonValueKind.Number => type == typeof(double) && double.IsFinite(element.GetDouble()),
        _ => false,
    };

    private static UsageException WrongType(JsonElement element, Type type, string path)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        bool whole = element.ValueKind == JsonValueKind.Number
            && element.GetRawText().AsSpan().TrimStart('-').IndexOfAnyExceptInRange('0', '9') < 0;
        // A whole number that does not fit has more digits than the type holds.
        string expected = !whole ? ConfigurationSchema.Expected(type)
            : bare == typeof(int) || bare == typeof(LayerSizes) ? $"a whole number from {int.MinValue} to {int.MaxValue}"
            : bare == typeof(long) ? $"a whole number from {long.MinValue} to {long.MaxValue}"
            : ConfigurationSchema.Expected(type);
        return new UsageException(
            $"{(path.Length == 0 ? "the configuration" : path)} is {Shown(element)}; it must be {expected}.");
    }

    private static string Shown(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => Choice.Short(element.GetRawText()),
    };
}
