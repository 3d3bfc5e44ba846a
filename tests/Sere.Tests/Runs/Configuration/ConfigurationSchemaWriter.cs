using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Sere.Runs.Configuration;

namespace Sere.Tests.Runs.Configuration;

/// <summary>
/// The JSON schema of configuration files: the serializer's own view of the records, with their ranges, defaults and XML
/// documentation. A file holds an experiment, or how one differs from a preset.
/// </summary>
internal sealed class ConfigurationSchemaWriter
{
    private const string Definitions = "#/$defs/";
    private const string Differences = "Differences";
    private readonly JsonObject _definitions = [];

    public static string Write()
    {
        var writer = new ConfigurationSchemaWriter();
        JsonObject root = writer.Root();
        return root.ToJsonString(ConfigurationSchema.Options) + "\n";
    }

    private JsonObject Root()
    {
        var exporting = new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Transform };
        ConfigurationSchema.Options.GetJsonSchemaAsNode(typeof(ExperimentConfiguration), exporting);
        var schemaMember = new JsonObject { ["type"] = "string", ["description"] = "The schema that the file is checked by." };
        JsonObject experiment = Properties(nameof(ExperimentConfiguration));
        experiment.Insert(0, "$schema", schemaMember.DeepClone());
        var from = new JsonObject
        {
            ["description"] = "The preset that the file differs from.",
            ["enum"] = new JsonArray([.. Presets.Names.Select(name => (JsonNode)name)]),
        };
        _definitions["Difference"] = new JsonObject
        {
            ["type"] = "object",
            ["description"] = "How an experiment differs from a preset.",
            ["properties"] = new JsonObject
            {
                ["$schema"] = schemaMember.DeepClone(),
                ["name"] = experiment["name"]!.DeepClone(),
                ["description"] = experiment["description"]!.DeepClone(),
                ["from"] = from.DeepClone(),
                ["set"] = Reference(Differences),
            },
            ["required"] = new JsonArray("from"),
            ["additionalProperties"] = false,
        };
        _definitions[Differences] = new JsonObject
        {
            ["type"] = "object",
            ["description"] = "Paths and values, in their order; a path of the model may leave out \"model.\".",
            ["properties"] = Paths(),
            ["additionalProperties"] = false,
        };
        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "Configuration of a run of Sere",
            ["type"] = "object",
            ["properties"] = new JsonObject { ["$schema"] = schemaMember, ["from"] = from },
            ["if"] = new JsonObject { ["required"] = new JsonArray("from") },
            ["then"] = Reference("Difference"),
            ["else"] = Reference(nameof(ExperimentConfiguration)),
            ["$defs"] = _definitions,
        };
    }

    private JsonObject Properties(string definition) => _definitions[definition]!["properties"]!.AsObject();

    /// <summary>Gives each record a definition of its own, and each member what its attributes and documentation say.</summary>
    private JsonNode Transform(JsonSchemaExporterContext context, JsonNode node)
    {
        Type declared = context.TypeInfo.Type;
        Type type = Nullable.GetUnderlyingType(declared) ?? declared;
        var property = context.PropertyInfo?.AttributeProvider as PropertyInfo;
        JsonNode schema = ConfigurationSchema.IsObject(type) ? Define(type, node, isNullable: type != declared)
            : type == typeof(LayerSizes) ? new JsonObject { ["anyOf"] = new JsonArray(Whole(), Wholes()) }
            : ConfigurationSchema.Item(type) == typeof(int) ? Wholes()
            : node;
        if (property is not null && schema is JsonObject member)
        {
            if (property.GetCustomAttribute<InAttribute>() is { } range)
            {
                Limit(member, range);
            }

            member.Insert(0, "description", RecordDocumentation.Of(property));
            if (property.DeclaringType is { IsClass: true, IsAbstract: false } record)
            {
                member["default"] = JsonSerializer.SerializeToNode(
                    context.PropertyInfo!.Get!(Activator.CreateInstance(record)!), declared, ConfigurationSchema.Options);
            }
        }

        return schema;
    }

    private JsonObject Define(Type type, JsonNode node, bool isNullable)
    {
        if (node is JsonObject definition && !definition.ContainsKey("$ref"))
        {
            definition["type"] = "object";
            definition.Insert(0, "description", RecordDocumentation.Of(type));
            _definitions[type.Name] = definition;
        }

        return isNullable
            ? new JsonObject { ["anyOf"] = new JsonArray(Reference(type.Name), new JsonObject { ["type"] = "null" }) }
            : Reference(type.Name);
    }

    private static JsonObject Reference(string definition) => new() { ["$ref"] = Definitions + definition };

    private static JsonObject Whole() => new() { ["type"] = "integer" };

    private static JsonObject Wholes() => new() { ["type"] = "array", ["items"] = Whole() };

    private static void Limit(JsonObject schema, InAttribute range)
    {
        if (schema["anyOf"] is JsonArray alternatives)
        {
            foreach (var alternative in alternatives)
            {
                Limit(alternative!.AsObject(), range);
            }
        }
        else if (schema["items"] is JsonObject items)
        {
            Limit(items, range);
            if (range.Widths is { } widths)
            {
                Between(schema, widths, "minItems", "maxItems");
            }
        }
        else if (range.Range[0] == '{')
        {
            schema["enum"] = new JsonArray([.. Bounds(range.Range).Select(value => JsonNode.Parse(value))]);
        }
        else if (schema["type"] is JsonValue type && type.TryGetValue(out string? name) && name is "string")
        {
            Between(schema, range.Range, "minLength", "maxLength");
        }
        else
        {
            Between(
                schema,
                range.Range,
                range.Range[0] == '[' ? "minimum" : "exclusiveMinimum",
                range.Range[^1] == ']' ? "maximum" : "exclusiveMaximum");
        }
    }

    private static void Between(JsonObject schema, string range, string low, string high)
    {
        string[] bounds = Bounds(range);
        schema[low] = JsonNode.Parse(bounds[0]);
        if (bounds[1] is not "inf")
        {
            schema[high] = JsonNode.Parse(bounds[1]);
        }
    }

    private static string[] Bounds(string range) => range[1..^1].Split(", ");

    /// <summary>Every path that a difference may set, whatever kinds the preset has, with what may stand there.</summary>
    private JsonObject Paths()
    {
        var found = new OrderedDictionary<string, List<string>>(StringComparer.Ordinal);
        Collect(found, typeof(ExperimentConfiguration), path: "");
        var paths = new JsonObject();
        foreach (var (path, members) in found)
        {
            JsonObject[] alternatives = [.. members.Select(Reference)];
            paths[path] = alternatives is [var only] ? only : new JsonObject { ["anyOf"] = new JsonArray([.. alternatives]) };
        }

        const string Model = "model.";
        foreach (string path in found.Keys.Where(path => path.StartsWith(Model, StringComparison.Ordinal)))
        {
            paths.TryAdd(path[Model.Length..], Reference($"{Differences}/properties/{path}"));
        }

        return paths;
    }

    private void Collect(OrderedDictionary<string, List<string>> found, Type declared, string path)
    {
        Type type = Nullable.GetUnderlyingType(declared) ?? declared;
        if (!ConfigurationSchema.IsObject(type))
        {
            return;
        }

        var kinds = ConfigurationSchema.Kinds(type);
        foreach (Type record in kinds.Count == 0 ? (IEnumerable<Type>)[type] : kinds.Values)
        {
            foreach (string key in Properties(record.Name).Select(member => member.Key).Where(key => key is not "$schema"))
            {
                string member = Choice.Join(path, key);
                if (!found.TryGetValue(member, out var places))
                {
                    found[member] = places = [];
                }

                string place = $"{record.Name}/properties/{key}";
                if (!places.Contains(place, StringComparer.Ordinal))
                {
                    places.Add(place);
                }

                if (ConfigurationSchema.Members(record).TryGetValue(key, out var inner))
                {
                    Collect(found, inner, member);
                }
            }
        }
    }
}
