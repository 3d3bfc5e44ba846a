using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sere.Runs.Configuration;

/// <summary>Changes single values of a configuration by path, as <c>--set PATH=VALUE</c> does.</summary>
public static class ConfigurationOverrides
{
    private const string ModelMember = "model";

    private const string FromMember = "from";
    private const string SetMember = "set";

    /// <summary>Applies overrides in their order and validates the result.</summary>
    /// <param name="configuration">The configuration to start from.</param>
    /// <param name="overrides">
    /// Each "path=value". The path is members joined by points, such as "training.epochs"; one whose first member is
    /// not one of the experiment's is looked up in the model, so that "coupling.prior" is "model.coupling.prior". The
    /// value is a JSON literal or a bare text. Where "x.kind" is set, members that the new kind shares are kept, and
    /// the others have their defaults.
    /// </param>
    /// <returns>The changed configuration, every value within its range.</returns>
    /// <exception cref="UsageException">
    /// An override has no "=", its path is unknown, its value has a wrong type, or the result is out of range.
    /// </exception>
    public static ExperimentConfiguration Apply(ExperimentConfiguration configuration, IEnumerable<string> overrides)
    {
        ArgumentNullException.ThrowIfNull(overrides);
        string changed = Apply(configuration, overrides.Select<string, (string, Action<JsonObject>)>(
            text => ($"--set {Choice.Short(text)}", root => Set(root, text))));
        return ConfigurationFile.Parse(changed, "--set");
    }

    /// <summary>Whether a file says how it differs from a preset, and not all that it has.</summary>
    internal static bool IsDifference(JsonElement file) =>
        file.ValueKind == JsonValueKind.Object && file.TryGetProperty(FromMember, out _);

    /// <summary>
    /// The configuration of a file { "from": PRESET, "set": { PATH: VALUE, ... } }, which may have a name of its own.
    /// </summary>
    internal static ExperimentConfiguration Apply(JsonElement file)
    {
        var changes = new List<JsonProperty>();
        foreach (var member in file.EnumerateObject())
        {
            switch (member.Name)
            {
                case FromMember:
                    ConfigurationTree.Check(member.Value, typeof(string), FromMember);
                    break;
                case SetMember when member.Value.ValueKind == JsonValueKind.Object:
                    changes.AddRange(member.Value.EnumerateObject());
                    break;
                case SetMember:
                    throw new UsageException(
                        "set must be an object of paths and values, such as { \"training.epochs\": 5 }.");
                case "name" or "description":
                    changes.Add(member);
                    break;
                default:
                    throw ConfigurationTree.UnknownKey("", member.Name, [FromMember, SetMember, "name", "description"]);
            }
        }

        string changed = Apply(
            Presets.Load(file.GetProperty(FromMember).GetString()!),
            changes.Select<JsonProperty, (string, Action<JsonObject>)>(
                change => (Choice.Short(change.Name), root => Set(root, change.Name, _ => change.Value))));
        return ConfigurationTree.Read<ExperimentConfiguration>(JsonElement.Parse(changed));
    }

    /// <summary>The configuration with changes, each with what to call it in an error, as JSON.</summary>
    private static string Apply(
        ExperimentConfiguration configuration, IEnumerable<(string What, Action<JsonObject> Change)> changes)
    {
        JsonObject root = JsonNode.Parse(ConfigurationFile.ToJson(configuration))!.AsObject();
        foreach (var (what, change) in changes)
        {
            try
            {
                change(root);
                // What the new value leaves out takes its default now, so that the next path may lead into it.
                root = JsonSerializer.SerializeToNode(
                    root.Deserialize<ExperimentConfiguration>(ConfigurationSchema.Options),
                    ConfigurationSchema.Options)!.AsObject();
            }
            catch (UsageException error)
            {
                throw new UsageException($"{what}: {error.Message}", error);
            }
            catch (InvalidOperationException error)
            {
                throw new UsageException($"{what}: the value holds half of a surrogate pair; remove it.", error);
            }
        }

        return root.ToJsonString(ConfigurationSchema.Options);
    }

    /// <summary>Sets what a text "path=value" says.</summary>
    private static void Set(JsonObject root, string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            throw new UsageException("it must be a path, \"=\" and a value, such as training.epochs=5.");
        }

        string value = text[(equals + 1)..].Trim();
        Set(root, text[..equals].Trim(), type => Literal(value, type));
    }

    /// <summary>Sets a path to the value that it is given for the type that stands there.</summary>
    private static void Set(JsonObject root, string at, Func<Type, JsonElement> value)
    {
        string[] names = Resolve(root, at.Split('.'));
        JsonObject parent = root;
        Type declared = typeof(ExperimentConfiguration);
        string path = "";
        foreach (string name in names.AsSpan(..^1))
        {
            declared = MemberType(parent, declared, path, name);
            path = Choice.Join(path, name);
            parent = parent[name] as JsonObject
                ?? throw new UsageException(
                    $"{path} has no keys of its own; set it whole to {ConfigurationSchema.Expected(declared)}.");
        }

        if (names[^1] is Choice.KindMember && ConfigurationSchema.Kinds(declared) is { Count: > 0 } kinds)
        {
            JsonElement kind = value(typeof(string));
            ConfigurationTree.Check(kind, typeof(string), Choice.Join(path, Choice.KindMember));
            SetKind(parent, kinds, Record(parent, declared), path, kind.GetString()!);
            return;
        }

        Type type = MemberType(parent, declared, path, names[^1]);
        JsonElement literal = value(type);
        ConfigurationTree.Check(literal, type, Choice.Join(path, names[^1]));
        parent[names[^1]] = literal.Deserialize<JsonNode>(ConfigurationSchema.Options);
    }

    private static string[] Resolve(JsonObject root, string[] names)
    {
        Type experiment = typeof(ExperimentConfiguration);
        OrderedDictionary<string, Type> members = ConfigurationSchema.Members(experiment);
        if (members.TryGetValue(names[0], out _))
        {
            return names;
        }

        IReadOnlyList<string> modelKeys = Keys(root[ModelMember]!.AsObject(), members[ModelMember]);
        return modelKeys.Contains(names[0], StringComparer.Ordinal)
            ? [ModelMember, .. names]
            : throw ConfigurationTree.UnknownKey(path: "", names[0], [.. members.Keys, .. modelKeys]);
    }

    private static Type MemberType(JsonObject parent, Type declared, string path, string name) =>
        ConfigurationSchema.Members(Record(parent, declared)).TryGetValue(name, out Type? type)
            ? type
            : throw ConfigurationTree.UnknownKey(path, name, Keys(parent, declared));

    private static IReadOnlyList<string> Keys(JsonObject parent, Type declared) =>
        ConfigurationSchema.Keys(declared, Record(parent, declared));

    /// <summary>The record that an object holds, where its declared type has several kinds.</summary>
    private static Type Record(JsonObject parent, Type declared)
    {
        OrderedDictionary<string, Type> kinds = ConfigurationSchema.Kinds(declared);
        return kinds.Count == 0 ? declared : kinds[parent[Choice.KindMember]!.GetValue<string>()];
    }

    private static void SetKind(
        JsonObject parent, OrderedDictionary<string, Type> kinds, Type current, string path, string kind)
    {
        OrderedDictionary<string, Type> before = ConfigurationSchema.Members(current);
        OrderedDictionary<string, Type> after =
            ConfigurationSchema.Members(ConfigurationTree.RecordOf(kind, kinds, path));
        foreach (string name in before.Keys)
        {
            if (!after.TryGetValue(name, out Type? type) || type != before[name])
            {
                parent.Remove(name);
            }
        }

        parent[Choice.KindMember] = kind;
    }

    private static JsonElement Literal(string value, Type type)
    {
        try
        {
            JsonElement literal = JsonElement.Parse(value, ConfigurationSchema.Reading);
            if (type != typeof(string) || literal.ValueKind == JsonValueKind.String)
            {
                return literal;
            }
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            // Not a literal, so a bare text.
        }

        return JsonSerializer.SerializeToElement(value);
    }
}
