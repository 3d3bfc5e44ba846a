using System.Buffers.Binary;
using System.Text.Json;

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
