using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace Sere.Tests.Malformed;

/// <summary>Builds PNG files in memory, of the forms that the picture library itself does not write.</summary>
internal static class PngBytes
{
    // Length, name and checksum of a chunk.
    private const int ChunkOverhead = 12;

    private static readonly byte[] Signature = [0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n'];

    /// <summary>A file with rows of a pattern.</summary>
    /// <param name="size">Height and width.</param>
    /// <param name="bitDepth">The bits of a sample.</param>
    /// <param name="colourType">0 grey, 2 colours, 3 palette, 4 grey and opacity, 6 colours and opacity.</param>
    public static byte[] Build(int size, byte bitDepth, byte colourType)
    {
        int samples = colourType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        int rowLength = ((size * samples * bitDepth) + 7) / 8;
        byte[] rows = new byte[size * (1 + rowLength)];
        for (int i = 0; i < rows.Length; i++)
        {
            // Each row begins with a filter, of which there are five.
            rows[i] = (byte)(i % (1 + rowLength) == 0 ? i / (1 + rowLength) % 5 : (i * i) + (i >> 3));
        }

        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, size);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), size);
        header[8] = bitDepth;
        header[9] = colourType;
        using var packed = new MemoryStream();
        using (var stream = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            stream.Write(rows);
        }

        byte[] palette = [.. Enumerable.Range(0, 3 << bitDepth).Select(value => (byte)(value * 37))];
        return
        [
            .. Signature, .. Chunk("IHDR"u8, header), .. colourType == 3 ? Chunk("PLTE"u8, palette) : [],
            .. Chunk("IDAT"u8, packed.ToArray()), .. Chunk("IEND"u8, []),
        ];
    }

    /// <summary>A copy with one more chunk behind the header.</summary>
    public static byte[] WithChunk(byte[] file, ReadOnlySpan<byte> name, byte[] content)
    {
        int header = Signature.Length + ChunkOverhead + 13;
        return [.. file[..header], .. Chunk(name, content), .. file[header..]];
    }

    /// <summary>A copy in which the checksum of each chunk is that of its content, as far as chunks can be told.</summary>
    public static byte[] WithSoundChecksums(byte[] file)
    {
        byte[] sound = [.. file];
        int start = Signature.Length;
        while (start + ChunkOverhead <= sound.Length)
        {
            long length = BinaryPrimitives.ReadUInt32BigEndian(sound.AsSpan(start));
            if (start + ChunkOverhead + length > sound.Length)
            {
                break;
            }

            ReadOnlySpan<byte> content = sound.AsSpan(start + 4, 4 + (int)length);
            BinaryPrimitives.WriteUInt32BigEndian(
                sound.AsSpan(start + 8 + (int)length), Crc32.HashToUInt32(content));
            start += ChunkOverhead + (int)length;
        }

        return sound;
    }

    private static byte[] Chunk(ReadOnlySpan<byte> name, byte[] content)
    {
        byte[] chunk = new byte[ChunkOverhead + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        name.CopyTo(chunk.AsSpan(4));
        content.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(
            chunk.AsSpan(8 + content.Length), Crc32.HashToUInt32(chunk.AsSpan(4, 4 + content.Length)));
        return chunk;
    }
}
