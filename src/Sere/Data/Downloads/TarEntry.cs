using System.Text;

namespace Sere.Data.Downloads;

/// <summary>The header of an entry of a tar archive.</summary>
/// <param name="Path">Its path in the archive.</param>
/// <param name="Size">Bytes that follow, without their padding.</param>
/// <param name="IsFile">Whether it is an ordinary file; else a folder or what describes the next entry.</param>
internal sealed record TarEntry(string Path, long Size, bool IsFile)
{
    /// <summary>Bytes of a header; contents are padded to whole headers.</summary>
    public const int HeaderLength = 512;

    /// <summary>Bytes behind the content.</summary>
    public int Padding => (int)((HeaderLength - (Size % HeaderLength)) % HeaderLength);

    /// <summary>The last part of the path.</summary>
    public string FileName => Path[(Path.LastIndexOf('/') + 1)..];

    /// <summary>
    /// Reads a header; null where it is none, or where its entry has no place in an archive of files: links, devices and
    /// pipes, and paths that lead out of the folder.
    /// </summary>
    public static TarEntry? Parse(ReadOnlySpan<byte> header)
    {
        if (Number(header[148..156]) != Checksum(header) || Number(header[124..136]) is not { } size)
        {
            return null;
        }

        string path = Text(header[..100]);
        if (header[257..262].SequenceEqual("ustar"u8) && header[262] == 0 && Text(header[345..500]) is { Length: > 0 } folder)
        {
            path = $"{folder}/{path}";
        }

        // Ordinary files, folders, and the descriptions of the two common dialects.
        char kind = (char)header[156];
        return kind is '0' or '\0' or '5' or 'x' or 'g' or 'L' or 'K' && IsInside(path)
            ? new TarEntry(path, kind == '5' ? 0 : size, kind is '0' or '\0')
            : null;
    }

    private static bool IsInside(string path) =>
        path.Length > 0 && path[0] != '/' && !path.Contains('\\') && !path.Contains(':') && !path.Split('/').Contains("..");

    private static long Checksum(ReadOnlySpan<byte> header)
    {
        // As if the field of the checksum held spaces.
        long sum = 8 * ' ';
        for (int i = 0; i < header.Length; i++)
        {
            sum += i is >= 148 and < 156 ? 0 : header[i];
        }

        return sum;
    }

    private static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? field : field[..end]);
    }

    /// <summary>An octal number between spaces and zero bytes.</summary>
    private static long? Number(ReadOnlySpan<byte> field)
    {
        field = field.Trim(" \0"u8);
        long number = 0;
        foreach (byte digit in field)
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return null;
            }

            number = (number * 8) + (digit - '0');
        }

        return field.IsEmpty ? null : number;
    }
}
