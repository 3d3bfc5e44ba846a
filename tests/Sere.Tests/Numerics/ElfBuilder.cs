using System.Buffers.Binary;
using System.Text;

namespace Sere.Tests.Numerics;

/// <summary>
/// Builds a small 64-bit little-endian ELF file with one loaded segment: a string table, version requirements, and
/// dynamic symbols with their versions and relocations.
/// </summary>
internal sealed class ElfBuilder
{
    private readonly List<(string Library, List<(string Version, ushort Flags, ushort Index)> Versions)> _needs = [];
    private readonly List<ushort> _symbols = [0];
    private readonly List<uint> _relocations = [];

    /// <summary>Adds a needed library with its versions, each with its flags and its index.</summary>
    public ElfBuilder Need(string library, params (string Version, ushort Flags, ushort Index)[] versions)
    {
        _needs.Add((library, [.. versions]));
        return this;
    }

    /// <summary>Adds a symbol of the version with the given index.</summary>
    public ElfBuilder Symbol(ushort versionIndex, bool relocated)
    {
        if (relocated)
        {
            _relocations.Add((uint)_symbols.Count);
        }

        _symbols.Add(versionIndex);
        return this;
    }

    /// <summary>The whole file.</summary>
    public byte[] Build()
    {
        var strings = new List<byte> { 0 };
        byte[] needs = VersionNeeds(strings);
        byte[] symbols = new byte[24 * _symbols.Count];
        byte[] versions = new byte[2 * _symbols.Count];
        for (int i = 0; i < _symbols.Count; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(versions.AsSpan(2 * i), _symbols[i]);
        }

        byte[] relocations = new byte[24 * _relocations.Count];
        for (int i = 0; i < _relocations.Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(relocations.AsSpan((24 * i) + 8), ((ulong)_relocations[i] << 32) | 6);
        }

        (uint Type, uint Link, byte[] Bytes)[] sections =
        [
            (0, 0, []),
            (3, 0, [.. strings]),
            (0x6ffffffe, 1, needs),
            (11, 1, symbols),
            (0x6fffffff, 3, versions),
            (4, 3, relocations),
        ];
        return Assemble(sections);
    }

    private static byte[] Assemble((uint Type, uint Link, byte[] Bytes)[] sections)
    {
        const int FirstSection = 64 + 56;
        int table = FirstSection + sections.Sum(static section => section.Bytes.Length);
        byte[] file = new byte[table + (64 * sections.Length)];
        Span<byte> bytes = file;
        "\u007fELF"u8.CopyTo(bytes);
        bytes[4] = 2;
        bytes[5] = 1;
        bytes[6] = 1;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[0x20..], 64);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[0x28..], (ulong)table);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[0x36..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[0x38..], 1);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[0x3A..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[0x3C..], (ushort)sections.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[64..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[(64 + 0x20)..], (ulong)table);
        int place = FirstSection;
        for (int i = 0; i < sections.Length; i++)
        {
            sections[i].Bytes.CopyTo(bytes[place..]);
            Span<byte> header = bytes[(table + (64 * i))..];
            BinaryPrimitives.WriteUInt32LittleEndian(header[4..], sections[i].Type);
            BinaryPrimitives.WriteUInt64LittleEndian(header[0x18..], (ulong)place);
            BinaryPrimitives.WriteUInt64LittleEndian(header[0x20..], (ulong)sections[i].Bytes.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(header[0x28..], sections[i].Link);
            place += sections[i].Bytes.Length;
        }

        return file;
    }

    private byte[] VersionNeeds(List<byte> strings)
    {
        byte[] bytes = new byte[16 * _needs.Sum(static need => 1 + need.Versions.Count)];
        int place = 0;
        for (int i = 0; i < _needs.Count; i++)
        {
            (string library, List<(string Version, ushort Flags, ushort Index)> versions) = _needs[i];
            int length = 16 * (1 + versions.Count);
            Span<byte> need = bytes.AsSpan(place, length);
            BinaryPrimitives.WriteUInt16LittleEndian(need, 1);
            BinaryPrimitives.WriteUInt16LittleEndian(need[2..], (ushort)versions.Count);
            BinaryPrimitives.WriteUInt32LittleEndian(need[4..], Name(strings, library));
            BinaryPrimitives.WriteUInt32LittleEndian(need[8..], 16);
            BinaryPrimitives.WriteUInt32LittleEndian(need[12..], i == _needs.Count - 1 ? 0 : (uint)length);
            for (int j = 0; j < versions.Count; j++)
            {
                Span<byte> entry = need[(16 * (1 + j))..];
                BinaryPrimitives.WriteUInt16LittleEndian(entry[4..], versions[j].Flags);
                BinaryPrimitives.WriteUInt16LittleEndian(entry[6..], versions[j].Index);
                BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], Name(strings, versions[j].Version));
                BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], j == versions.Count - 1 ? 0u : 16);
            }

            place += length;
        }

        return bytes;
    }

    private static uint Name(List<byte> strings, string text)
    {
        uint place = (uint)strings.Count;
        strings.AddRange(Encoding.UTF8.GetBytes(text));
        strings.Add(0);
        return place;
    }
}
