using System.Buffers.Binary;
using System.IO.Hashing;

namespace Sere.Data;

/// <summary>
/// The last bytes of a gzip file: the checksum and the length of its content, or of that of its last member. GZipStream
/// takes an end of the file within them, and bytes behind them, for the end of the data, so they have to be looked at by
/// themselves.
/// </summary>
internal sealed class GzipTrailer
{
    private const int Length = 8;

    private readonly uint _checksum;
    private readonly uint _length;
    private readonly long _start;
    private readonly Crc32 _all = new();
    private readonly Crc32 _last = new();
    private long _taken;

    /// <summary>Reads the trailer of a file that can seek; its position stays.</summary>
    public GzipTrailer(Stream file, long contentLength)
    {
        long position = file.Position;
        Span<byte> trailer = stackalloc byte[Length];
        file.Seek(-Math.Min(Length, file.Length), SeekOrigin.End);
        _ = file.ReadAtLeast(trailer, Length, throwOnEndOfStream: false);
        file.Position = position;
        _checksum = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        // Of a length above 4 GB the trailer holds the low half; no content here is so long.
        _length = BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]);
        _start = contentLength - _length;
    }

    /// <summary>Takes the next bytes of the content.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        _all.Append(content);
        _last.Append(content[(int)Math.Clamp(_start - _taken, 0, content.Length)..]);
        _taken += content.Length;
    }

    /// <summary>Whether the file ends with the trailer of the content that was taken, or of a last part of it.</summary>
    public bool Ends() =>
        (_taken == _length && _all.GetCurrentHashAsUInt32() == _checksum)
        || (_start > 0 && _length > 0 && _taken == _start + _length && _last.GetCurrentHashAsUInt32() == _checksum);
}
