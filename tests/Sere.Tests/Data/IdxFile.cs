using System.Buffers.Binary;
using System.IO.Compression;

namespace Sere.Tests.Data;

/// <summary>Builds IDX files in memory.</summary>
internal static class IdxFile
{
    public static byte[] Build(uint[] sizes, byte[] content, byte type = 0x08)
    {
        byte[] file = new byte[4 + (4 * sizes.Length) + content.Length];
        file[2] = type;
        file[3] = (byte)sizes.Length;
        for (int i = 0; i < sizes.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(4 + (4 * i)), sizes[i]);
        }

        content.CopyTo(file, file.Length - content.Length);
        return file;
    }

    public static byte[] Zip(byte[] content)
    {
        using var zipped = new MemoryStream();
        using (var stream = new GZipStream(zipped, CompressionLevel.Optimal))
        {
            stream.Write(content);
        }

        return zipped.ToArray();
    }

    public static byte[] Counting(int length)
    {
        byte[] content = new byte[length];
        for (int i = 0; i < length; i++)
        {
            content[i] = (byte)(7 * i);
        }

        return content;
    }
}
