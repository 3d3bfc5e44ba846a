using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Sere.Numerics;

/// <summary>
/// Makes a symbol version optional that an ELF file asks of a library: sets <c>VER_FLG_WEAK</c> in the one entry of
/// <c>.gnu.version_r</c> that names it. The dynamic loader of glibc then does not insist on it.
/// </summary>
internal static class ElfVersionPatcher
{
    private const uint DynamicSymbols = 11;
    private const uint Relocations = 9;
    private const uint RelocationsWithAddend = 4;
    private const uint VersionsNeeded = 0x6ffffffe;
    private const uint VersionsOfSymbols = 0x6fffffff;
    private const ushort WeakFlag = 2;
    private const ushort VersionIndexMask = 0x7fff;

    /// <summary>Finds what the file asks; null when it does not ask for this version of this library.</summary>
    /// <param name="file">The whole ELF file.</param>
    /// <param name="library">The needed library, such as <c>libstdc++.so.6</c>.</param>
    /// <param name="version">The name of the version, such as <c>GLIBCXX_3.4.32</c>.</param>
    /// <exception cref="ElfFormatException">The bytes are not a whole 64-bit little-endian ELF file.</exception>
    public static ElfVersionRequirement? Find(ReadOnlySpan<byte> file, string library, string version)
    {
        var image = new ElfImage(file);
        byte[] libraryName = Encoding.UTF8.GetBytes(library);
        byte[] versionName = Encoding.UTF8.GetBytes(version);
        foreach (ElfSection section in image.Sections)
        {
            if (section.Type == VersionsNeeded
                && FindEntry(image, section, libraryName, versionName) is ulong entry)
            {
                ushort flags = image.ReadUInt16(section, entry + 4);
                ushort index = image.ReadUInt16(section, entry + 6);
                return new ElfVersionRequirement(
                    ElfImage.Within(section, entry + 4, sizeof(ushort)),
                    (flags & WeakFlag) != 0,
                    IsUsed(image, (ushort)(index & VersionIndexMask)));
            }
        }

        return null;
    }

    /// <summary>A copy of the file in which the found version is optional.</summary>
    public static byte[] MakeWeak(ReadOnlySpan<byte> file, ElfVersionRequirement requirement)
    {
        byte[] copy = file.ToArray();
        Span<byte> flags = copy.AsSpan(requirement.FlagsOffset, sizeof(ushort));
        BinaryPrimitives.WriteUInt16LittleEndian(
            flags,
            (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(flags) | WeakFlag));
        return copy;
    }

    // Offsets to the next entry count from the entry itself and are unsigned, so both walks move forward and end.
    private static ulong? FindEntry(
        ElfImage image, ElfSection section, ReadOnlySpan<byte> library, ReadOnlySpan<byte> version)
    {
        if (section.Length == 0)
        {
            return null;
        }

        ElfSection strings = image.SectionAt(section.Link);
        ulong need = 0;
        while (true)
        {
            if (image.StringEquals(strings, image.ReadUInt32(section, need + 4), library))
            {
                int count = image.ReadUInt16(section, need + 2);
                ulong entry = need + image.ReadUInt32(section, need + 8);
                for (int i = 0; i < count; i++)
                {
                    if (image.StringEquals(strings, image.ReadUInt32(section, entry + 8), version))
                    {
                        return entry;
                    }

                    entry += image.ReadUInt32(section, entry + 12);
                }
            }

            uint next = image.ReadUInt32(section, need + 12);
            if (next == 0)
            {
                return null;
            }

            need += next;
        }
    }

    private static bool IsUsed(ElfImage image, ushort versionIndex)
    {
        int versionsAt = Array.FindIndex(image.Sections, static section => section.Type == VersionsOfSymbols);
        if (versionsAt < 0)
        {
            return false;
        }

        ElfSection versions = image.Sections[versionsAt];
        foreach (ElfSection section in image.Sections)
        {
            if (section.Type is not (Relocations or RelocationsWithAddend)
                || image.SectionAt(section.Link).Type != DynamicSymbols)
            {
                continue;
            }

            ulong entryLength = section.Type == Relocations ? 16UL : 24UL;
            for (ulong entry = 0; entry < (ulong)section.Length; entry += entryLength)
            {
                ulong symbol = image.ReadUInt64(section, entry + 8) >> 32;
                if (symbol != 0
                    && (image.ReadUInt16(versions, symbol * sizeof(ushort)) & VersionIndexMask) == versionIndex)
                {
                    return true;
                }
            }
        }

        return false;
    }
}

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
        CheckIdentity(bytes);
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

    /// <summary>Refuses bytes that do not begin a 64-bit little-endian ELF file with its whole header.</summary>
    public static void CheckIdentity(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength || !bytes.StartsWith("\u007fELF"u8))
        {
            throw new ElfFormatException("the file is not an ELF file");
        }

        if (bytes[4] != 2 || bytes[5] != 1)
        {
            throw new ElfFormatException("the file is not a 64-bit little-endian ELF file");
        }
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

/// <summary>One section of an ELF file: its type, its bytes [Start, Start + Length), and what its header refers to.</summary>
/// <param name="Type">The section's type (<c>sh_type</c>).</param>
/// <param name="Start">Where its bytes begin in the file.</param>
/// <param name="Length">How many bytes it has; they lie within the file.</param>
/// <param name="Link">The index of the section that it refers to, such as its string table.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ElfSection(uint Type, int Start, int Length, uint Link);

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

/// <summary>A symbol version that an ELF file asks of a library that it needs (a <c>Vernaux</c> entry).</summary>
/// <param name="FlagsOffset">Where the entry's 16 bits of flags lie in the file.</param>
/// <param name="IsWeak">Whether the entry is marked optional already.</param>
/// <param name="IsUsed">Whether a relocation needs a symbol of this version, so that it cannot be optional.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ElfVersionRequirement(int FlagsOffset, bool IsWeak, bool IsUsed);

/// <summary>
/// Bytes that are not a whole 64-bit little-endian ELF file. The message does not know the file's name; whoever read
/// the file adds it.
/// </summary>
internal sealed class ElfFormatException : SereException
{
    public ElfFormatException(string message)
        : base(message)
    {
    }
}
