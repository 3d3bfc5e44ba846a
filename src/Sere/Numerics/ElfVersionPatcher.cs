using System.Buffers.Binary;
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
