using System.Buffers.Binary;

namespace Sere.Numerics;

/// <summary>
/// What the dynamic loader maps of an ELF file. It does not check that the file is long enough, and a process that
/// touches a mapped page beyond the file's end is killed; hence the check before.
/// </summary>
internal static class ElfSegments
{
    /// <summary>How many bytes from the start of a file hold its program headers, generously.</summary>
    public const int HeadLength = 4096;

    private const uint Loaded = 1;
    private const int HeaderLength = 64;
    private const int ProgramHeaderLength = 56;

    /// <summary>The least length in bytes that the file must have to be loaded.</summary>
    /// <param name="head">The first <see cref="HeadLength"/> bytes of the file, or all that it has.</param>
    /// <exception cref="ElfFormatException">The bytes do not begin a 64-bit little-endian ELF file.</exception>
    public static ulong LengthToLoad(ReadOnlySpan<byte> head)
    {
        ElfImage.CheckIdentity(head);
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(head[0x20..]);
        int entryLength = BinaryPrimitives.ReadUInt16LittleEndian(head[0x36..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(head[0x38..]);
        if (entryLength < ProgramHeaderLength
            || table > (ulong)head.Length
            || (ulong)head.Length - table < (ulong)count * (ulong)entryLength)
        {
            throw new ElfFormatException("the ELF file ends before its program headers");
        }

        ulong length = HeaderLength;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = head.Slice((int)table + (i * entryLength), ProgramHeaderLength);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) == Loaded)
            {
                ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[0x08..]);
                ulong inFile = BinaryPrimitives.ReadUInt64LittleEndian(header[0x20..]);
                length = Math.Max(length, offset > ulong.MaxValue - inFile ? ulong.MaxValue : offset + inFile);
            }
        }

        return length;
    }
}
