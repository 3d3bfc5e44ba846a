using System.Text;
using System.Text.Json;

namespace Sere.Models.Configuration;

/// <summary>
/// Reads and writes configurations as JSON. Comments and trailing commas are allowed on reading; members that are left
/// out have their defaults; unknown members, kinds and values are refused with the nearest known name.
/// </summary>
public static class ConfigurationFile
{
    /// <summary>The largest configuration that is read, in bytes of UTF-8.</summary>
    public const int MaximumBytes = 1 << 20;

    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads and validates a configuration.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">What the text is, such as the name of its file; every error begins with it.</param>
    /// <returns>The configuration, every value within its range.</returns>
    /// <exception cref="UsageException">
    /// The text is damaged (the sentence names the line), larger than 1 MB, or holds a member or value that is unknown,
    /// of a wrong type or out of range (the sentence names its path in the JSON).
    /// </exception>
    public static ExperimentConfiguration Parse(string json, string source)
    {
        return Parse<ExperimentConfiguration>(json, source, configuration => configuration.Validate());
    }

    /// <summary>Reads and validates a configuration file.</summary>
    /// <param name="path">The file, in UTF-8, or in UTF-16 with a byte order mark.</param>
    /// <returns>The configuration, every value within its range.</returns>
    /// <exception cref="SereException">The file is missing or cannot be read.</exception>
    /// <exception cref="UsageException">Its content is refused; see <see cref="Parse(string, string)"/>.</exception>
    public static ExperimentConfiguration Load(string path)
    {
        return Load<ExperimentConfiguration>(path, "configuration file", configuration => configuration.Validate());
    }

    /// <summary>Reads a record from a text, with the same refusals as a configuration.</summary>
    internal static T Parse<T>(string json, string source, Action<T> validate)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(source);
        try
        {
            if (json.Length > MaximumBytes || StrictUtf8.GetByteCount(json) > MaximumBytes)
            {
                throw TooLarge(source);
            }

            return Parse(StrictUtf8.GetBytes(json).AsMemory(), source, validate);
        }
        catch (EncoderFallbackException error)
        {
            throw new UsageException($"{source}: the text holds half of a surrogate pair; remove it.", error);
        }
    }

    /// <summary>Reads a record from a file, with the same refusals as a configuration.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What the file is, such as "configuration file".</param>
    /// <param name="validate">Refuses values out of range.</param>
    /// <param name="open">Opens the file; null for one that may be a pipe, which the user named.</param>
    internal static T Load<T>(string path, string what, Action<T> validate, Func<string, Stream>? open = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] content;
        try
        {
            content = ReadAtMost((open ?? File.OpenRead)(path), MaximumBytes + 1);
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

        if (content.Length > MaximumBytes)
        {
            throw TooLarge(path);
        }

        // What Windows PowerShell writes with >.
        if (((Encoding[])[Encoding.Unicode, Encoding.BigEndianUnicode]).FirstOrDefault(
            encoding => content.AsSpan().StartsWith(encoding.Preamble)) is { } wide)
        {
            return Parse(wide.GetString(content, wide.Preamble.Length, content.Length - wide.Preamble.Length), path, validate);
        }

        ReadOnlySpan<byte> byteOrderMark = Encoding.UTF8.Preamble;
        int start = content.AsSpan().StartsWith(byteOrderMark) ? byteOrderMark.Length : 0;
        return Parse(content.AsMemory(start), path, validate);
    }

    /// <summary>
    /// Writes a configuration with every member, indented, in a fixed order, ending with a line feed. Reading the text
    /// gives an equal configuration.
    /// </summary>
    public static string ToJson(ExperimentConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return JsonSerializer.Serialize(configuration, ConfigurationSchema.Options) + "\n";
    }

    private static T Parse<T>(ReadOnlyMemory<byte> utf8, string source, Action<T> validate)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8, ConfigurationSchema.Reading);
            ConfigurationTree.Check(document.RootElement, typeof(T), path: "");
            T record = document.RootElement.Deserialize<T>(ConfigurationSchema.Options)!;
            validate(record);
            return record;
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

    private static UsageException TooLarge(string source) =>
        new($"{source}: the configuration is larger than {MaximumBytes} bytes; is it the right file?");

    /// <summary>The parser's own sentence, without the position that ours already names.</summary>
    private static string Reason(JsonException error)
    {
        string message = error.Message;
        foreach (string mark in (ReadOnlySpan<string>)[" Path: ", " LineNumber: "])
        {
            int position = message.IndexOf(mark, StringComparison.Ordinal);
            message = position < 0 ? message : message[..position];
        }

        return ConfigurationSchema.Short(message.TrimEnd('.', ' '));
    }

    private static byte[] ReadAtMost(Stream opened, int count)
    {
        using Stream file = opened;
        // The length of a pipe or a device says nothing; what is read is bounded either way.
        using var content = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        int read;
        while (content.Length < count
            && (read = file.Read(buffer, 0, (int)Math.Min(buffer.Length, count - content.Length))) > 0)
        {
            content.Write(buffer, 0, read);
        }

        return content.ToArray();
    }
}
