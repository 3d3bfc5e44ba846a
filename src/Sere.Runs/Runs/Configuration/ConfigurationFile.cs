using System.Collections.Concurrent;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sere.Storage;

namespace Sere.Runs.Configuration;

/// <summary>
/// Reads and writes configurations as JSON. Comments and trailing commas are allowed on reading; members that are left
/// out have their defaults, or what the preset says that the file is "from"; unknown members, kinds and values are
/// refused with the nearest known name. "$schema", which tells editors what may stand in the file, says nothing here.
/// </summary>
public static class ConfigurationFile
{
    /// <summary>The largest configuration that is read, in bytes of UTF-8.</summary>
    internal const int MaximumBytes = 1 << 20;

    private const string SchemaMember = "$schema";

    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The JSON schema of configuration files.</summary>
    internal static string Schema => new EmbeddedFiles("schemas/").Read("configuration").Text;

    /// <summary>Reads and validates a configuration.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">What the text is, such as the name of its file; every error begins with it.</param>
    /// <returns>The configuration, every value within its range.</returns>
    /// <exception cref="UsageException">
    /// The text is damaged (the sentence names the line), larger than 1 MB, or holds a member or value that is unknown,
    /// of a wrong type or out of range (the sentence names its path in the JSON).
    /// </exception>
    public static ExperimentConfiguration Parse(string json, string source) => Parse<ExperimentConfiguration>(json, source);

    /// <summary>Reads and validates a configuration file.</summary>
    /// <param name="path">The file, in UTF-8, or in UTF-16 with a byte order mark.</param>
    /// <returns>The configuration, every value within its range.</returns>
    /// <exception cref="SereException">The file is missing or cannot be read.</exception>
    /// <exception cref="UsageException">Its content is refused; see <see cref="Parse(string, string)"/>.</exception>
    public static ExperimentConfiguration Load(string path) => Load<ExperimentConfiguration>(path, "configuration file");

    /// <summary>
    /// Writes a configuration with every member, indented, in a fixed order, ending with a line feed. Reading the text
    /// gives an equal configuration.
    /// </summary>
    public static string ToJson(ExperimentConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return JsonSerializer.Serialize(configuration, ConfigurationSchema.Options) + "\n";
    }

    /// <summary>The digest of a configuration's text, whatever it says of itself and of the place of its images.</summary>
    internal static string Digest(string json)
    {
        var tree = JsonNode.Parse(json, documentOptions: ConfigurationSchema.Reading)!.AsObject();
        tree["description"] = "";
        if (tree["dataset"] is JsonObject dataset)
        {
            dataset["name"] = "anywhere";
        }

        return ContentDigest.OfText(tree.ToJsonString(ConfigurationSchema.Options) + "\n");
    }

    /// <summary>Reads a record from a text, with the same refusals as a configuration.</summary>
    internal static T Parse<T>(string json, string source)
        where T : Choice
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(source);
        try
        {
            return ParseBytes<T>(json.Length > MaximumBytes ? null : StrictUtf8.GetBytes(json), source);
        }
        catch (EncoderFallbackException error)
        {
            throw new UsageException($"{source}: the text holds half of a surrogate pair; remove it.", error);
        }
    }

    /// <summary>Reads a record from a file, with the same refusals as a configuration.</summary>
    internal static T Load<T>(string path, string what, Func<string, Stream>? open = null)
        where T : Choice
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            byte[] content = ReadAtMost((open ?? File.OpenRead)(path), MaximumBytes + 1);

            // What Windows PowerShell writes with >.
            if (((Encoding[])[Encoding.Unicode, Encoding.BigEndianUnicode]).FirstOrDefault(
                encoding => content.AsSpan().StartsWith(encoding.Preamble)) is { } wide)
            {
                int mark = wide.Preamble.Length;
                return Parse<T>(wide.GetString(content, mark, content.Length - mark), path);
            }

            int start = content.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
            return ParseBytes<T>(content.Length > MaximumBytes ? null : content.AsMemory(start), path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SereException($"There is no {what} \"{path}\"; check the path.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new SereException(
                $"The {what} \"{path}\" cannot be read ({error.Message.TrimEnd('.')}).", error);
        }
    }

    private static byte[] ReadAtMost(Stream opened, int count)
    {
        using Stream file = opened;

        // The length of a pipe or a device says nothing; what is read is bounded either way.
        using var content = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        int read;
        while ((read = file.Read(buffer, 0, (int)Math.Min(buffer.Length, count - content.Length))) > 0)
        {
            content.Write(buffer, 0, read);
        }

        return content.ToArray();
    }

    private static T ParseBytes<T>(ReadOnlyMemory<byte>? utf8, string source)
        where T : Choice
    {
        if (utf8 is not { Length: <= MaximumBytes } text)
        {
            throw new UsageException(
                $"{source}: the configuration is larger than {MaximumBytes} bytes; is it the right file?");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text, ConfigurationSchema.Reading);
            if (typeof(T) != typeof(ExperimentConfiguration))
            {
                return ConfigurationTree.Read<T>(document.RootElement);
            }

            JsonElement file = WithoutSchema(document.RootElement);
            return ConfigurationOverrides.IsDifference(file)
                ? (T)(Choice)ConfigurationOverrides.Apply(file)
                : ConfigurationTree.Read<T>(file);
        }
        catch (UsageException error)
        {
            throw new UsageException($"{source}: {error.Message}", error);
        }
        catch (JsonException error)
        {
            string line = error.LineNumber is { } number ? $" at line {number + 1}" : "";
            throw new UsageException($"{source}: this is not valid JSON{line} ({Reason(error)}).", error);
        }
        catch (InvalidOperationException error)
        {
            // The reader looks at the characters of a text only when it is asked for them.
            throw new UsageException(
                $"{source}: a text holds a damaged character (invalid UTF-8 or half of a surrogate pair); remove it.",
                error);
        }
    }

    private static JsonElement WithoutSchema(JsonElement file)
    {
        if (file.ValueKind != JsonValueKind.Object || !file.TryGetProperty(SchemaMember, out JsonElement schema))
        {
            return file;
        }

        ConfigurationTree.Check(schema, typeof(string), SchemaMember);
        JsonObject rest = JsonObject.Create(file)!;
        rest.Remove(SchemaMember);
        return JsonSerializer.SerializeToElement(rest);
    }

    /// <summary>The parser's own sentence, without the position that ours already names.</summary>
    private static string Reason(JsonException error) =>
        Choice.Short(error.Message.Split([" Path: ", " LineNumber: "], StringSplitOptions.None)[0].TrimEnd('.', ' '));
}

/// <summary>Says where two configurations differ.</summary>
internal static class ConfigurationDifference
{
    /// <summary>The first difference as "path is A there and B here", or null if there is none.</summary>
    public static string? First(ExperimentConfiguration there, ExperimentConfiguration here) => First(
        "", JsonNode.Parse(ConfigurationFile.ToJson(there)), JsonNode.Parse(ConfigurationFile.ToJson(here)));

    /// <summary>The same of any two JSON trees.</summary>
    internal static string? First(JsonNode? there, JsonNode? here) => First("", there, here);

    private static string? First(string path, JsonNode? there, JsonNode? here)
    {
        if (there is not JsonObject first || here is not JsonObject second)
        {
            return JsonNode.DeepEquals(there, here)
                ? null
                : $"{Choice.Short(path)} is {Show(there)} there and {Show(here)} here";
        }

        return first.Select(member => member.Key).Union(second.Select(member => member.Key), StringComparer.Ordinal)
            .Select(name => First(path.Length == 0 ? name : $"{path}.{name}", first[name], second[name]))
            .FirstOrDefault(difference => difference is not null);
    }

    private static string Show(JsonNode? node) => Choice.Short(node?.ToJsonString() ?? "null");
}

/// <summary>The configurations that come with the library.</summary>
public static class Presets
{
    private static readonly EmbeddedFiles Files = new("presets/");
    private static readonly ConcurrentDictionary<string, ExperimentConfiguration> Loaded = new(StringComparer.Ordinal);

    /// <summary>The names of all presets, in alphabetical order.</summary>
    public static IReadOnlyList<string> Names => Files.Names;

    /// <summary>Reads a preset.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="UsageException">There is no such preset; the sentence names the nearest one.</exception>
    public static ExperimentConfiguration Load(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!Names.Contains(name, StringComparer.Ordinal))
        {
            throw ConfigurationSchema.Unknown($"unknown preset \"{Choice.Short(name)}\"", name, Names);
        }

        return Loaded.GetOrAdd(name, static key =>
        {
            var (text, source) = Files.Read(key);
            return ConfigurationFile.Parse(text, source);
        });
    }
}

/// <summary>The JSON files of a folder that are embedded into the library.</summary>
internal sealed class EmbeddedFiles(string folder)
{
    private const string Extension = ".json";
    private static readonly Assembly Library = typeof(EmbeddedFiles).Assembly;

    /// <summary>Their names without folder and extension, in order.</summary>
    public IReadOnlyList<string> Names { get; } =
    [
        .. Library.GetManifestResourceNames()
            .Where(name => name.StartsWith(folder, StringComparison.Ordinal)
                && name.EndsWith(Extension, StringComparison.Ordinal))
            .Select(name => name[folder.Length..^Extension.Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The text of a file, and what to call it in a message.</summary>
    public (string Text, string Source) Read(string name)
    {
        string resource = $"{folder}{name}{Extension}";
        using var reader = new StreamReader(Library.GetManifestResourceStream(resource)!);
        return (reader.ReadToEnd(), resource);
    }
}
