using System.Buffers.Binary;

namespace Sere.Numerics;

/// <summary>
/// The section table of a 64-bit little-endian ELF file and bounded reads from it. Whatever lies outside the bytes
/// ends in an <see cref="ElfFormatException"/>.
/// </summary>
internal readonly ref struct ElfImage
{
    private const int HeaderLength = 64;
    private const int SectionHeaderLength = 64;

    private readonly ReadOnlySpan<byte> _bytes;

    /// <summary>Reads the section table.</summary>
    /// <exception cref="ElfFormatException">The bytes are not a whole 64-bit little-endian ELF file.</exception>
    public ElfImage(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        if (bytes.Length < HeaderLength || !bytes.StartsWith("\u007fELF"u8))
        {
            throw new ElfFormatException("the file is not an ELF file");
        }

        if (bytes[4] != 2 || bytes[5] != 1)
        {
            throw new ElfFormatException("the file is not a 64-bit little-endian ELF file");
        }

        ulong table = ReadUInt64(0x28);
        int entryLength = ReadUInt16(0x3A);
        int count = ReadUInt16(0x3C);
        if (count == 0 || entryLength < SectionHeaderLength)
        {
            throw new ElfFormatException("the ELF file has no section table");
        }

        int start = Offset(table, (ulong)count * (ulong)entryLength);
        var sections = new ElfSection[count];
        for (int i = 0; i < count; i++)
        {
            sections[i] = ReadSection(start + (i * entryLength));
        }

        Sections = sections;
    }

    /// <summary>The sections in the order of the table.</summary>
    public ElfSection[] Sections { get; }

    /// <summary>The section at an index taken from the file.</summary>
    public ElfSection SectionAt(uint index) =>
        index < (uint)Sections.Length
            ? Sections[index]
            : throw new ElfFormatException("the ELF file refers to a section that it does not have");

    /// <summary>Two bytes of a section, from <paramref name="offset"/> bytes after its start.</summary>
    public ushort ReadUInt16(ElfSection section, ulong offset) => ReadUInt16(Within(section, offset, sizeof(ushort)));

    /// <summary>Four bytes of a section, from <paramref name="offset"/> bytes after its start.</summary>
    public uint ReadUInt32(ElfSection section, ulong offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Within(section, offset, sizeof(uint))..]);

    /// <summary>Eight bytes of a section, from <paramref name="offset"/> bytes after its start.</summary>
    public ulong ReadUInt64(ElfSection section, ulong offset) => ReadUInt64(Within(section, offset, sizeof(ulong)));

    /// <summary>Whether a string table holds exactly <paramref name="text"/> at an offset taken from the file.</summary>
    public bool StringEquals(ElfSection strings, ulong offset, ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> rest = _bytes[Within(strings, offset, 1)..(strings.Start + strings.Length)];
        int length = rest.IndexOf((byte)0);
        return length < 0
            ? throw new ElfFormatException("the ELF file has a name without an end")
            : rest[..length].SequenceEqual(text);
    }

    /// <summary>The place in the file of <paramref name="length"/> bytes of a section.</summary>
    public static int Within(ElfSection section, ulong offset, int length) =>
        offset <= (ulong)section.Length && (ulong)section.Length - offset >= (ulong)length
            ? section.Start + (int)offset
            : throw new ElfFormatException("the ELF file has an entry that reaches beyond its section");

    private ElfSection ReadSection(int header)
    {
        const uint TypeWithoutBytes = 8;
        uint type = BinaryPrimitives.ReadUInt32LittleEndian(_bytes[(header + 4)..]);
        uint link = BinaryPrimitives.ReadUInt32LittleEndian(_bytes[(header + 0x28)..]);
        if (type is 0 or TypeWithoutBytes)
        {
            return new ElfSection(type, 0, 0, link);
        }

        ulong length = ReadUInt64(header + 0x20);
        return new ElfSection(type, Offset(ReadUInt64(header + 0x18), length), (int)length, link);
    }

    private int Offset(ulong offset, ulong length) =>
        offset <= (ulong)_bytes.Length && (ulong)_bytes.Length - offset >= length
            ? (int)offset
            : throw new ElfFormatException("the ELF file ends before a part that its header names");

    private ushort ReadUInt16(int place) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[place..]);

    private ulong ReadUInt64(int place) => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[place..]);
}
