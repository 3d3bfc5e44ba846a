using System.Buffers.Binary;
using System.Text.Json;
using TorchSharp;

namespace Sere.Storage;

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
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 3 };

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

    private static SafeTensorsHeader Parse(byte[] json, long dataOffset, long dataLength)
    {
        using var document = JsonDocument.Parse(json, Options);
        var entries = new List<SafeTensorsEntry>();
        var metadata = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            if (property.NameEquals(SafeTensorsHeader.MetadataName))
            {
                ReadMetadata(property.Value, metadata);
            }
            else
            {
                entries.Add(ReadEntry(property.Name, property.Value, dataLength));
            }
        }

        CheckLayout(entries, dataLength);
        return new SafeTensorsHeader(entries, metadata, dataOffset);
    }

    private static void ReadMetadata(JsonElement element, OrderedDictionary<string, string> metadata)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException("its metadata is not an object");
        }

        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String)
            {
                throw new InvalidDataException($"its metadata {QuotedText.Of(property.Name)} is not text");
            }

            metadata.Add(property.Name, property.Value.GetString()!);
        }
    }

    private static SafeTensorsEntry ReadEntry(string name, JsonElement element, long dataLength)
    {
        if (element.ValueKind != JsonValueKind.Object ||
            !element.TryGetProperty("dtype", out JsonElement type) || type.ValueKind != JsonValueKind.String ||
            !element.TryGetProperty("shape", out JsonElement shape) || shape.ValueKind != JsonValueKind.Array ||
            !element.TryGetProperty("data_offsets", out JsonElement offsets) ||
            offsets.ValueKind != JsonValueKind.Array || offsets.GetArrayLength() != 2)
        {
            throw new InvalidDataException($"tensor {QuotedText.Of(name)} lacks a dtype, a shape or its two data offsets");
        }

        torch.ScalarType scalarType = SafeTensorsTypes.Find(type.GetString()!) ??
            throw new InvalidDataException(
                $"tensor {QuotedText.Of(name)} has the unknown type {QuotedText.Of(type.GetString()!)}");
        if (shape.GetArrayLength() > MaximumDimensions)
        {
            throw new InvalidDataException($"tensor {QuotedText.Of(name)} has more than {MaximumDimensions} dimensions");
        }

        long[] sizes = [.. shape.EnumerateArray().Select(size => ReadSize(name, size))];
        long begin = ReadSize(name, offsets[0]);
        long end = ReadSize(name, offsets[1]);
        if (begin > end || end > dataLength)
        {
            throw new InvalidDataException(
                $"tensor {QuotedText.Of(name)} claims bytes {begin} to {end} of the {dataLength} bytes of data");
        }

        long byteCount = ByteCount(name, sizes, SafeTensorsTypes.SizeOf(scalarType));
        if (byteCount != end - begin)
        {
            throw new InvalidDataException(
                $"tensor {QuotedText.Of(name)} has {end - begin} bytes where its shape needs {byteCount}");
        }

        return new SafeTensorsEntry(name, scalarType, sizes, begin, end);
    }

    private static long ReadSize(string name, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out long size) && size >= 0)
        {
            return size;
        }

        throw new InvalidDataException(
            $"tensor {QuotedText.Of(name)} has a size or offset that is not a whole number from 0");
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
