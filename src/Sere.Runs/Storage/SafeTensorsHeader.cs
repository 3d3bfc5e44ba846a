using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using TorchSharp;

namespace Sere.Storage;

/// <summary>
/// The head of a safetensors file: the length of a JSON object (8 bytes, little-endian), then the object, which gives
/// each tensor its type, shape and place in the bytes that follow. Reading it believes nothing: every size is held against
/// the length of the file before anything is made of it. Needs no native library.
/// </summary>
/// <param name="Entries">The tensors, in the order of the header.</param>
/// <param name="Metadata">Free text by name.</param>
/// <param name="DataOffset">Where the tensors' bytes begin in the file.</param>
internal sealed record SafeTensorsHeader(
    IReadOnlyList<SafeTensorsEntry> Entries,
    IReadOnlyDictionary<string, string> Metadata,
    long DataOffset)
{
    /// <summary>The name in the JSON object that holds <see cref="Metadata"/> and that no tensor may have.</summary>
    public const string MetadataName = "__metadata__";

    private const int PrefixLength = sizeof(ulong);

    // The longest JSON object that the format allows.
    private const int MaximumLength = 100_000_000;

    // PyTorch itself stops at 64 dimensions in many operations.
    private const int MaximumDimensions = 64;

    // Each takes about a kilobyte as a tensor, however short its entry is.
    private const int MostEntries = 100_000;

    // Data that starts at a multiple of this can be mapped into memory and used where it lies.
    private const int Alignment = 8;

    private static readonly JsonSerializerOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 3 };

    /// <summary>The bytes of the head of a file with these tensors.</summary>
    public static byte[] Encode(IReadOnlyList<SafeTensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata)
    {
        var members = new OrderedDictionary<string, object>(StringComparer.Ordinal);
        if (metadata is { Count: > 0 })
        {
            members.Add(MetadataName, metadata);
        }

        foreach (var entry in entries)
        {
            members.Add(entry.Name, new Member(SafeTensorsTypes.NameOf(entry.Type), entry.Shape, [entry.Begin, entry.End]));
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(members, Options);
        byte[] head = new byte[(PrefixLength + json.Length + Alignment - 1) / Alignment * Alignment];
        if (head.Length - PrefixLength > MaximumLength)
        {
            throw new SereException(
                $"The tensors' names and metadata take more than the {MaximumLength} bytes that a safetensors file " +
                "allows them; write fewer to one file.");
        }

        head.AsSpan().Fill((byte)' ');
        BinaryPrimitives.WriteUInt64LittleEndian(head, (ulong)(head.Length - PrefixLength));
        json.CopyTo(head, PrefixLength);
        return head;
    }

    /// <summary>Reads the head from the start of a file and leaves the stream at the first tensor byte.</summary>
    /// <exception cref="InvalidDataException">
    /// The head contradicts the format or the length of the file; the message fits behind "because".
    /// </exception>
    public static SafeTensorsHeader Read(Stream file)
    {
        long fileLength = file.Length;
        if (fileLength < PrefixLength)
        {
            throw new InvalidDataException($"it has only {fileLength} bytes");
        }

        Span<byte> prefix = stackalloc byte[PrefixLength];
        file.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaximumLength)
        {
            throw new InvalidDataException($"its header claims {length} bytes, more than the format allows");
        }

        long dataOffset = PrefixLength + (long)length;
        if (dataOffset > fileLength)
        {
            throw new InvalidDataException($"its header claims {length} bytes but the file has {fileLength}");
        }

        byte[] json = new byte[length];
        file.ReadExactly(json);
        if (json.Length == 0 || json[0] != '{')
        {
            throw new InvalidDataException("its header does not begin with '{'");
        }

        try
        {
            return Parse(json, dataOffset, fileLength - dataOffset);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is what a string with broken UTF-8 or half a surrogate pair ends in.
            throw new InvalidDataException("its header is not sound JSON", error);
        }
    }

    private static SafeTensorsHeader Parse(byte[] json, long dataOffset, long dataLength)
    {
        var members = JsonSerializer.Deserialize<OrderedDictionary<string, JsonElement>>(json, Options)!;
        var metadata = members.Remove(MetadataName, out JsonElement texts)
            ? texts.Deserialize<OrderedDictionary<string, JsonElement>>(Options)!
            : [];
        if (Math.Max(members.Count, metadata.Count) > MostEntries)
        {
            throw new InvalidDataException($"it holds more than {MostEntries} tensors or texts");
        }

        SafeTensorsEntry[] entries = [.. members.Select(member => Entry(member.Key, member.Value, dataLength))];
        CheckLayout(entries, dataLength);
        return new SafeTensorsHeader(
            entries,
            new OrderedDictionary<string, string>(
                metadata.Select(text => KeyValuePair.Create(text.Key, text.Value.GetString() ?? throw new JsonException())),
                StringComparer.Ordinal),
            dataOffset);
    }

    private static SafeTensorsEntry Entry(string name, JsonElement element, long dataLength)
    {
        string tensor = $"tensor {QuotedText.Of(name)}";
        var member = element.ValueKind == JsonValueKind.Object ? element.Deserialize<Member>(Options) : null;
        if (member is not { Type: { } typeName, Shape: { } shape, DataOffsets: [var begin, var end] })
        {
            throw new InvalidDataException($"{tensor} lacks a dtype, a shape or its two data offsets");
        }

        var type = SafeTensorsTypes.Find(typeName) ??
            throw new InvalidDataException($"{tensor} has the unknown type {QuotedText.Of(typeName)}");
        if (shape.Length > MaximumDimensions)
        {
            throw new InvalidDataException($"{tensor} has more than {MaximumDimensions} dimensions");
        }

        if (begin < 0 || begin > end || end > dataLength)
        {
            throw new InvalidDataException($"{tensor} claims bytes {begin} to {end} of the {dataLength} bytes of data");
        }

        // A zero among the sizes must not hide others that no tensor could have.
        Int128 count = SafeTensorsTypes.SizeOf(type);
        foreach (long size in shape)
        {
            count *= Math.Max(size, 1);
            if (size < 0 || count > long.MaxValue)
            {
                throw new InvalidDataException($"{tensor} has a shape that is {(size < 0 ? "negative" : "too large")}");
            }
        }

        Int128 needed = shape.Contains(0) ? 0 : count;
        return needed == end - begin
            ? new SafeTensorsEntry(name, type, shape, begin, end)
            : throw new InvalidDataException($"{tensor} has {end - begin} bytes where its shape needs {needed}");
    }

    private static void CheckLayout(SafeTensorsEntry[] entries, long dataLength)
    {
        long position = 0;
        foreach (SafeTensorsEntry entry in entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin != position)
            {
                string fault = entry.Begin < position ? "overlaps the one before it" : "leaves a hole before it";
                throw new InvalidDataException($"the data of tensor {QuotedText.Of(entry.Name)} {fault}");
            }

            position = entry.End;
        }

        if (position != dataLength)
        {
            throw new InvalidDataException($"{dataLength - position} bytes at its end belong to no tensor");
        }
    }

    private sealed record Member(
        [property: JsonPropertyName("dtype")] string? Type,
        [property: JsonPropertyName("shape")] long[]? Shape,
        [property: JsonPropertyName("data_offsets")] long[]? DataOffsets);
}

/// <summary>One tensor as the header of a safetensors file describes it; its bytes are counted from the end of the header.</summary>
internal sealed record SafeTensorsEntry(string Name, torch.ScalarType Type, long[] Shape, long Begin, long End);

/// <summary>The element types of a safetensors file that TorchSharp has too, with their names and sizes in bytes.</summary>
internal static class SafeTensorsTypes
{
    private static readonly (string Name, torch.ScalarType Type, int Size)[] All =
    [
        ("BOOL", torch.ScalarType.Bool, 1),
        ("U8", torch.ScalarType.Byte, 1),
        ("I8", torch.ScalarType.Int8, 1),
        ("I16", torch.ScalarType.Int16, 2),
        ("I32", torch.ScalarType.Int32, 4),
        ("I64", torch.ScalarType.Int64, 8),
        ("F16", torch.ScalarType.Float16, 2),
        ("BF16", torch.ScalarType.BFloat16, 2),
        ("F32", torch.ScalarType.Float32, 4),
        ("F64", torch.ScalarType.Float64, 8),
    ];

    public static torch.ScalarType? Find(string name) =>
        Array.Find(All, known => string.Equals(known.Name, name, StringComparison.Ordinal)) is { Name: not null } found
            ? found.Type
            : null;

    public static bool IsSupported(torch.ScalarType type) => Array.Exists(All, known => known.Type == type);

    public static string NameOf(torch.ScalarType type) => Array.Find(All, known => known.Type == type).Name;

    public static int SizeOf(torch.ScalarType type) => Array.Find(All, known => known.Type == type).Size;
}
