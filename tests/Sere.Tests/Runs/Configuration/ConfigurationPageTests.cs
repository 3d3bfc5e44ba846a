using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Sere.Runs.Configuration;
using Xunit;

namespace Sere.Tests.Runs.Configuration;

/// <summary>
/// The tables of keys in docs/configuration.md come from the records: their defaults, ranges and XML documentation.
/// SERE_WRITE_DOCS=1 makes the test write them anew.
/// </summary>
public sealed partial class ConfigurationPageTests
{
    private const string Begin = "<!-- The tables of keys: written by ConfigurationPageTests with SERE_WRITE_DOCS=1. -->\n";
    private const string End = "<!-- End of the tables of keys. -->\n";

    private static readonly string Page = Path.Combine(RepositoryFolder.Path, "docs", "configuration.md");

    [Fact]
    public void The_tables_of_keys_are_those_of_the_records()
    {
        string page = File.ReadAllText(Page).ReplaceLineEndings("\n");
        int begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = page.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= Begin.Length && end >= begin, "docs/configuration.md lacks the marks of its tables.");
        string expected = page[..begin] + Tables() + page[end..];
        if (Environment.GetEnvironmentVariable("SERE_WRITE_DOCS") is "1")
        {
            File.WriteAllText(Page, expected);
        }

        Assert.True(
            string.Equals(expected, File.ReadAllText(Page).ReplaceLineEndings("\n"), StringComparison.Ordinal),
            "docs/configuration.md is stale; run this test with SERE_WRITE_DOCS=1.");
    }

    [Fact]
    public void Every_number_has_a_range() => Assert.Empty(
        LibraryAssemblies.Types.Where(type => type.IsAssignableTo(typeof(Choice)))
            .SelectMany(type => type.GetProperties()).Where(property => property.CanWrite)
            .Where(property => (Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType) is var type
                && (type == typeof(int) || type == typeof(double) || type == typeof(LayerSizes))
                && property.GetCustomAttribute<InAttribute>() is null)
            .Select(property => $"{property.DeclaringType!.Name}.{property.Name}"));

    private static string Tables()
    {
        var text = new StringBuilder("\n### The experiment\n\n");
        var choices = new Queue<(string Name, Type Type)>();
        Table(text, "", new ExperimentConfiguration(), choices);
        var done = new HashSet<Type>();
        while (choices.TryDequeue(out var choice))
        {
            if (!done.Add(choice.Type))
            {
                continue;
            }

            text.Append($"\n### `{choice.Name}`\n\n{InTable(RecordDocumentation.Of(choice.Type))}\n");
            foreach (var (kind, type) in ConfigurationSchema.Kinds(choice.Type))
            {
                text.Append($"\n`\"kind\": \"{kind}\"`: {InTable(RecordDocumentation.Of(type))}\n");
                if (ConfigurationSchema.Members(type).Count > 0)
                {
                    text.Append('\n');
                    Table(text, "", (Choice)Activator.CreateInstance(type)!, choices);
                }
            }
        }

        return text.Append('\n').ToString();
    }

    private static void Table(StringBuilder text, string path, Choice record, Queue<(string Name, Type Type)> choices)
    {
        text.Append("| key | default | range | meaning |\n| --- | --- | --- | --- |\n");
        Rows(text, path, record.GetType(), record, choices);
    }

    private static void Rows(
        StringBuilder text, string path, Type type, object? record, Queue<(string Name, Type Type)> choices)
    {
        foreach (var member in ConfigurationSchema.Options.GetTypeInfo(type).Properties.Where(member => member.Set is not null))
        {
            string key = path.Length == 0 ? member.Name : $"{path}.{member.Name}";
            var property = (PropertyInfo)member.AttributeProvider!;
            object? value = record is null ? null : property.GetValue(record);
            var bare = Nullable.GetUnderlyingType(member.PropertyType) ?? member.PropertyType;
            bool isRecord = ConfigurationSchema.IsObject(bare);
            bool hasKinds = isRecord && ConfigurationSchema.Kinds(bare).Count > 0;
            if (hasKinds)
            {
                choices.Enqueue((member.Name, bare));
            }

            if (!isRecord || hasKinds || bare != member.PropertyType)
            {
                string cell = record is null ? "" : Default(value, member.PropertyType);
                text.Append($"| `{key}` | {cell} | {Range(member, property)} | {InTable(RecordDocumentation.Of(property))} |\n");
            }

            if (isRecord && !hasKinds)
            {
                Rows(text, key, bare, value, choices);
            }
        }
    }

    private static string Range(JsonPropertyInfo member, PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(member.PropertyType) ?? member.PropertyType;
        string range = ConfigurationSchema.IsObject(type)
            ? ConfigurationSchema.Kinds(type).Count > 0 ? $"`{member.Name}`, below" : "an object"
            : type.IsEnum ? string.Join(", ", ConfigurationSchema.Names(type).Select(name => $"`{name}`"))
            : property.GetCustomAttribute<InAttribute>() is not { } within ? Expected(type)
            : within.Widths is not null ? $"{within.DescribeLength()}, each {within.Describe(typeof(int))}"
            : type == typeof(LayerSizes) ? $"{within.Describe(typeof(int))}, or a list of them" : within.Describe(type);
        string shown = LongNumber().Replace(range, match => $"{long.Parse(match.Value):N0}");
        return Nullable.GetUnderlyingType(member.PropertyType) is null ? shown : $"{shown}, or null";
    }

    private static string Expected(Type type) =>
        type == typeof(long) ? "any 64-bit whole number" : ConfigurationSchema.Expected(type);

    /// <summary>
    /// A default as JSON has it; of a record of several kinds its kind, and what is not that kind's own default.
    /// </summary>
    private static string Default(object? value, Type type)
    {
        JsonNode? node = JsonSerializer.SerializeToNode(value, type, ConfigurationSchema.Options);
        if (node is not JsonObject record || value is null)
        {
            return $"`{node?.ToJsonString(Compact) ?? "null"}`";
        }

        var own = JsonSerializer.SerializeToNode(Activator.CreateInstance(value.GetType()), type, ConfigurationSchema.Options)!;
        string[] others =
        [
            .. record.Where(member => !JsonNode.DeepEquals(member.Value, own[member.Key]))
                .Select(member => $"`{member.Key}` {member.Value!.ToJsonString(Compact)}"),
        ];
        return string.Join(", ", others.Prepend($"`{record[Choice.KindMember]}`"));
    }

    private static JsonSerializerOptions Compact { get; } = new(ConfigurationSchema.Options) { WriteIndented = false };

    private static string InTable(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    [GeneratedRegex(@"\d{5,}", RegexOptions.None, 1000)]
    private static partial Regex LongNumber();
}
