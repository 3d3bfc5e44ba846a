using System.Buffers.Binary;
using System.IO.Hashing;

namespace Sere.Data;

/// <summary>
/// The last bytes of a gzip file: the checksum and the length of its content. GZipStream takes an end of the file within
/// them, and bytes behind them, for the end of the data, so they have to be looked at by themselves.
/// </summary>
internal static class GzipTrailer
{
    private const int Length = 8;

    /// <summary>Whether a file ends with the trailer of a content; its position changes.</summary>
    public static bool Ends(Stream file, Crc32 checksum, long contentLength)
    {
        if (file.Length < Length)
        {
            return false;
        }

        Span<byte> trailer = stackalloc byte[Length];
        file.Seek(-Length, SeekOrigin.End);
        file.ReadExactly(trailer);
        return BinaryPrimitives.ReadUInt32LittleEndian(trailer) == checksum.GetCurrentHashAsUInt32()
            && BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]) == unchecked((uint)contentLength);
    }
}
