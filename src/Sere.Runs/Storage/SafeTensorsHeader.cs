using System.Buffers.Binary;
using System.Text.Json;
using TorchSharp;

namespace Sere.Storage;

/// <summary>
/// The head of a safetensors file: the length of a JSON object (8 bytes, little-endian), then the object, which gives
/// each tensor its type, shape and place in the bytes that follow. Needs no native library.
/// </summary>
/// <param name="Entries">The tensors, in the order of the header.</param>
/// <param name="Metadata">Free text by name.</param>
/// <param name="DataOffset">Where the tensors' bytes begin in the file.</param>
internal sealed record SafeTensorsHeader(
    IReadOnlyList<SafeTensorsEntry> Entries,
    IReadOnlyDictionary<string, string> Metadata,
    long DataOffset)
{
    /// <summary>The bytes in front of the JSON object that hold its length.</summary>
    public const int PrefixLength = sizeof(ulong);

    /// <summary>The longest JSON object that the format allows, in bytes.</summary>
    public const int MaximumLength = 100_000_000;

    /// <summary>The name in the JSON object that holds <see cref="Metadata"/> and that no tensor may have.</summary>
    public const string MetadataName = "__metadata__";

    // Data that starts at a multiple of this can be mapped into memory and used where it lies.
    private const int Alignment = 8;

    /// <summary>The bytes of the head of a file with these tensors.</summary>
    public static byte[] Encode(IReadOnlyList<SafeTensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[PrefixLength]);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                writer.WriteStartObject(MetadataName);
                foreach ((string name, string value) in metadata)
                {
                    writer.WriteString(name, value);
                }

                writer.WriteEndObject();
            }

            foreach (SafeTensorsEntry entry in entries)
            {
                WriteEntry(writer, entry);
            }

            writer.WriteEndObject();
        }

        while (buffer.Length % Alignment != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        byte[] head = buffer.ToArray();
        if (head.Length - PrefixLength > MaximumLength)
        {
            throw new SereException(
                $"The tensors' names and metadata take more than the {MaximumLength} bytes that a safetensors file " +
                "allows them; write fewer to one file.");
        }

        BinaryPrimitives.WriteUInt64LittleEndian(head, (ulong)(head.Length - PrefixLength));
        return head;
    }

    private static void WriteEntry(Utf8JsonWriter writer, SafeTensorsEntry entry)
    {
        writer.WriteStartObject(entry.Name);
        writer.WriteString("dtype", SafeTensorsTypes.NameOf(entry.Type));
        writer.WriteStartArray("shape");
        foreach (long size in entry.Shape)
        {
            writer.WriteNumberValue(size);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("data_offsets");
        writer.WriteNumberValue(entry.Begin);
        writer.WriteNumberValue(entry.End);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}

/// <summary>
/// Reads the head of a safetensors file and believes nothing in it: every size is held against the length of the file
/// before anything is made of it. A fault ends in an <see cref="InvalidDataException"/> whose message says what is
/// wrong, in words that fit behind "because". Needs no native library.
/// </summary>
internal static class SafeTensorsHeaderReader
{
    // PyTorch itself stops at 64 dimensions in many operations.
    private const int MaximumDimensions = 64;

    // An object of objects of arrays is all that the format has.
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 3 };

    // Each takes about a kilobyte as a tensor, however short its entry is.
    private const int MostEntries = 100_000;

    /// <summary>Reads the head from the start of a file and leaves the stream at the first tensor byte.</summary>
    /// <exception cref="InvalidDataException">The head contradicts the format or the length of the file.</exception>
    public static SafeTensorsHeader Read(Stream file)
    {
        long fileLength = file.Length;
        if (fileLength < SafeTensorsHeader.PrefixLength)
        {
            throw new InvalidDataException($"it has only {fileLength} bytes");
        }

        Span<byte> prefix = stackalloc byte[SafeTensorsHeader.PrefixLength];
        file.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > SafeTensorsHeader.MaximumLength)
        {
            throw new InvalidDataException($"its header claims {length} bytes, more than the format allows");
        }

        long dataOffset = SafeTensorsHeader.PrefixLength + (long)length;
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

    /// <summary>
    /// Token by token: a document with a node for each would take twenty times the memory of the text.
    /// </summary>
    private static SafeTensorsHeader Parse(ReadOnlySpan<byte> json, long dataOffset, long dataLength)
    {
        var reader = new Utf8JsonReader(json, Options);
        var names = new HashSet<string>(StringComparer.Ordinal);
        var entries = new List<SafeTensorsEntry>();
        var metadata = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = NextName(ref reader, names);
            if (string.Equals(name, SafeTensorsHeader.MetadataName, StringComparison.Ordinal))
            {
                ReadMetadata(ref reader, metadata);
            }
            else
            {
                entries.Add(ReadEntry(name, ref reader, dataLength));
            }
        }

        // Nothing but white space may follow.
        reader.Read();
        CheckLayout(entries, dataLength);
        return new SafeTensorsHeader(entries, metadata, dataOffset);
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, OrderedDictionary<string, string> metadata)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new InvalidDataException("its metadata is not an object");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = NextName(ref reader, names);
            if (reader.TokenType != JsonTokenType.String)
            {
                throw new InvalidDataException($"its metadata {QuotedText.Of(name)} is not text");
            }

            metadata.Add(name, reader.GetString()!);
        }
    }

    private static SafeTensorsEntry ReadEntry(string name, ref Utf8JsonReader reader, long dataLength)
    {
        string? type = null;
        List<long>? sizes = null;
        List<long>? offsets = null;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string member = NextName(ref reader, names);
                if (member is "dtype" && reader.TokenType == JsonTokenType.String)
                {
                    type = reader.GetString();
                }
                else if (member is "shape" or "data_offsets" && reader.TokenType == JsonTokenType.StartArray)
                {
                    _ = member is "shape" ? sizes = ReadSizes(name, ref reader) : offsets = ReadSizes(name, ref reader);
                }
                else
                {
                    reader.Skip();
                }
            }
        }

        if (type is null || sizes is null || offsets is not [var begin, var end])
        {
            throw new InvalidDataException($"tensor {QuotedText.Of(name)} lacks a dtype, a shape or its two data offsets");
        }

        torch.ScalarType scalarType = SafeTensorsTypes.Find(type) ??
            throw new InvalidDataException($"tensor {QuotedText.Of(name)} has the unknown type {QuotedText.Of(type)}");
        if (begin > end || end > dataLength)
        {
            throw new InvalidDataException(
                $"tensor {QuotedText.Of(name)} claims bytes {begin} to {end} of the {dataLength} bytes of data");
        }

        long[] shape = [.. sizes];
        long byteCount = ByteCount(name, shape, SafeTensorsTypes.SizeOf(scalarType));
        if (byteCount != end - begin)
        {
            throw new InvalidDataException(
                $"tensor {QuotedText.Of(name)} has {end - begin} bytes where its shape needs {byteCount}");
        }

        return new SafeTensorsEntry(name, scalarType, shape, begin, end);
    }

    /// <summary>The name of a member, once; the reader then stands at its value.</summary>
    private static string NextName(ref Utf8JsonReader reader, HashSet<string> names)
    {
        string name = reader.GetString()!;
        reader.Read();
        if (names.Count == MostEntries)
        {
            throw new InvalidDataException($"it holds more than {MostEntries} tensors or texts");
        }

        return names.Add(name) ? name : throw new JsonException("A name is there twice.");
    }

    private static List<long> ReadSizes(string name, ref Utf8JsonReader reader)
    {
        var sizes = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long size) || size < 0)
            {
                throw new InvalidDataException(
                    $"tensor {QuotedText.Of(name)} has a size or offset that is not a whole number from 0");
            }

            if (sizes.Count == MaximumDimensions)
            {
                throw new InvalidDataException($"tensor {QuotedText.Of(name)} has more than {MaximumDimensions} dimensions");
            }

            sizes.Add(size);
        }

        return sizes;
    }

    private static long ByteCount(string name, long[] sizes, int elementSize)
    {
        // A zero among the sizes must not hide others that no tensor could have.
        Int128 count = elementSize;
        foreach (long size in sizes)
        {
            count *= Math.Max(size, 1);
            if (count > long.MaxValue)
            {
                throw new InvalidDataException($"tensor {QuotedText.Of(name)} has a shape that is too large");
            }
        }

        return sizes.Contains(0) ? 0 : (long)count;
    }

    private static void CheckLayout(List<SafeTensorsEntry> entries, long dataLength)
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
}

/// <summary>One tensor as the header of a safetensors file describes it.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="Shape">Its sizes; none for a scalar.</param>
/// <param name="Begin">Where its bytes begin, counted from the end of the header.</param>
/// <param name="End">Where its bytes end, counted from the end of the header.</param>
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

    /// <summary>The type of a name in a header; none if it is not known.</summary>
    public static torch.ScalarType? Find(string name)
    {
        foreach (var known in All)
        {
            if (string.Equals(known.Name, name, StringComparison.Ordinal))
            {
                return known.Type;
            }
        }

        return null;
    }

    /// <summary>Whether tensors of the type can be written.</summary>
    public static bool IsSupported(torch.ScalarType type) => Array.Exists(All, known => known.Type == type);

    /// <summary>The name of the type in a header.</summary>
    public static string NameOf(torch.ScalarType type) => Array.Find(All, known => known.Type == type).Name;

    /// <summary>The size of one element in bytes.</summary>
    public static int SizeOf(torch.ScalarType type) => Array.Find(All, known => known.Type == type).Size;
}
