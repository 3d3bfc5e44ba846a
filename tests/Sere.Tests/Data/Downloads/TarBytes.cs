using System.Text;

namespace Sere.Tests.Data.Downloads;

/// <summary>Builds tar archives in memory, also such as no tool makes.</summary>
internal static class TarBytes
{
    private static readonly byte[] End = new byte[1024];

    /// <summary>An archive of entries, gzipped.</summary>
    public static byte[] Archive(params byte[][] entries) => IdxFile.Zip([.. entries.SelectMany(entry => entry), .. End]);

    /// <summary>An ordinary file.</summary>
    public static byte[] File(string path, byte[] content) => Entry(path, content, '0');

    /// <summary>A folder.</summary>
    public static byte[] Folder(string path) => Entry(path, [], '5');

    /// <summary>Any entry.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="content">What follows its header.</param>
    /// <param name="kind">Its type flag.</param>
    /// <param name="size">The size that the header claims; null for the true one.</param>
    public static byte[] Entry(string path, byte[] content, char kind, string? size = null)
    {
        byte[] header = new byte[512];
        Put(0, path);
        Put(100, "0000644\0");
        Put(124, size ?? Convert.ToString(content.Length, 8).PadLeft(11, '0'));
        Put(136, "00000000000");
        header[156] = (byte)kind;
        Put(257, "ustar\0" + "00");
        Put(148, "        ");
        Put(148, Convert.ToString(header.Sum(value => value), 8).PadLeft(6, '0') + "\0");
        return [.. header, .. content, .. new byte[(512 - (content.Length % 512)) % 512]];

        void Put(int place, string text) => Encoding.Latin1.GetBytes(text).CopyTo(header, place);
    }
}
