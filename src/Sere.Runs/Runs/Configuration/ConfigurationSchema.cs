using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Sere.Numerics;

namespace Sere.Runs.Configuration;

/// <summary>
/// The shape that configuration JSON may have, taken from the serializer's own view of the records, so that the two
/// cannot differ.
/// </summary>
internal static class ConfigurationSchema
{
    public static JsonSerializerOptions Options { get; } = CreateOptions();

    /// <summary>
    /// What every parser of configuration text accepts beyond strict JSON: comments and trailing commas.
    /// </summary>
    public static JsonDocumentOptions Reading { get; } = new()
    {
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
        CommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>Whether a type is written as a JSON object.</summary>
    public static bool IsObject(Type type) => Options.GetTypeInfo(type).Kind == JsonTypeInfoKind.Object;

    /// <summary>The type of a list's items; null for what is no list.</summary>
    public static Type? Item(Type type) =>
        type == typeof(LayerSizes) ? typeof(int)
        : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GenericTypeArguments[0]
        : null;

    /// <summary>The kinds that a type may have and the record of each; empty where there is no choice.</summary>
    public static OrderedDictionary<string, Type> Kinds(Type type) => new(
        (Options.GetTypeInfo(type).PolymorphismOptions?.DerivedTypes ?? []).Select(
            kind => KeyValuePair.Create((string)kind.TypeDiscriminator!, kind.DerivedType)),
        StringComparer.Ordinal);

    public static OrderedDictionary<string, Type> Members(Type record) => new(
        Options.GetTypeInfo(record).Properties.Where(member => member.Set is not null)
            .Select(member => KeyValuePair.Create(member.Name, member.PropertyType)),
        StringComparer.Ordinal);

    public static IReadOnlyList<string> Keys(Type declared, Type record) =>
        Kinds(declared).Count == 0 ? [.. Members(record).Keys] : [.. Members(record).Keys, Choice.KindMember];

    /// <summary>The names of an enumeration's values as JSON has them.</summary>
    public static IReadOnlyList<string> Names(Type enumeration) =>
        [.. Enum.GetNames(enumeration).Select(JsonNamingPolicy.KebabCaseLower.ConvertName)];

    public static string Expected(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return $"{Expected(underlying)}, or null";
        }

        if (type.IsEnum)
        {
            return $"one of {Quoted(Names(type))}";
        }

        if (IsObject(type))
        {
            return Kinds(type) is { Count: > 0 } kinds
                ? $"an object whose \"{Choice.KindMember}\" is one of {Quoted(kinds.Keys)}"
                : "an object";
        }

        return type == typeof(bool) ? "true or false"
            : type == typeof(int) || type == typeof(long) ? "a whole number"
            : type == typeof(double) ? "a finite number"
            : type == typeof(string) ? "a text"
            : type == typeof(LayerSizes) ? "a whole number, or a list of whole numbers such as [20, 10]"
            : Item(type) == typeof(int) ? "a list of whole numbers, such as [200, 200]"
            : Item(type) == typeof(string) ? "a list of texts"
            : "a list of objects";
    }

    /// <summary>The sentence that refuses an unknown name and offers the nearest known one.</summary>
    public static UsageException Unknown(string what, string name, IReadOnlyCollection<string> known)
    {
        string advice = NearestName.Find(name, known) is { } nearest
            ? $"did you mean \"{nearest}\"?"
            : $"it must be one of {Quoted(known)}.";
        return new UsageException($"{what}; {advice}");
    }

    private static string Quoted(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"\"{name}\""));

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions
        {
            AllowOutOfOrderMetadataProperties = true,
            AllowTrailingCommas = true,
            // The text goes to files and terminals, never into a web page: apostrophes stay readable.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            IndentSize = 2,
            NewLine = "\n",
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            ReadCommentHandling = JsonCommentHandling.Skip,
            RespectNullableAnnotations = true,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            WriteIndented = true,
        };
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false));
        options.MakeReadOnly();
        return options;
    }
}
