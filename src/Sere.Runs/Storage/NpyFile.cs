using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.RegularExpressions;

namespace Sere.Storage;

/// <summary>
/// One array in a file of NumPy's npy format: magic bytes, a version, the length of a Python dictionary literal, the
/// literal (type, order and shape), the elements. Versions 1.0 to 3.0 are read, in either byte order and either order of
/// elements. Reading believes nothing and runs no code: what the header claims is held against the length of the file
/// before anything is made of it; arrays of Python objects, of text and of records are refused.
/// </summary>
internal static partial class NpyFile
{
    // NumPy's own limit; a header of so many sizes with generous blanks stays below the longest that is read.
    private const int MostSizes = 64;
    private const int LongestHeader = 1 << 16;

    // The magic bytes and two of the version.
    private const int StartLength = 8;

    // The data then starts at a multiple of it and can be mapped into memory and used where it lies.
    private const int Alignment = 64;

    public static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads a file.</summary>
    /// <exception cref="SereException">It cannot be read, is damaged, or holds no plain numbers.</exception>
    public static NpyArray Read(string path) => FileFault.Reading(path, () =>
    {
        using FileStream file = OrdinaryFile.OpenRead(path);
        return Read(file, file.Length, $"The file '{path}'");
    });

    /// <summary>Reads an array of so many bytes from a stream at its start.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="length">How many bytes it claims to have.</param>
    /// <param name="subject">What is read, to begin a sentence with.</param>
    /// <param name="checksum">Gets all bytes.</param>
    public static NpyArray Read(Stream stream, long length, string subject, Crc32? checksum = null)
    {
        Span<byte> start = stackalloc byte[StartLength + sizeof(uint)];
        int held = stream.ReadAtLeast(start[..StartLength], StartLength, throwOnEndOfStream: false);
        if (!start[..Math.Min(held, Magic.Length)].SequenceEqual(Magic))
        {
            throw Damaged(subject, "it does not begin as npy files do");
        }

        (byte major, byte minor) = (start[StartLength - 2], start[StartLength - 1]);
        if (held == StartLength && (major is not (1 or 2 or 3) || minor != 0))
        {
            throw Damaged(subject, $"its format has the unknown version {major}.{minor}");
        }

        Span<byte> size = start.Slice(StartLength, major == 1 ? sizeof(ushort) : sizeof(uint));
        if (held < StartLength || stream.ReadAtLeast(size, size.Length, throwOnEndOfStream: false) < size.Length)
        {
            throw Damaged(subject, "it ends within its header");
        }

        long headerLength = major == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(size)
            : BinaryPrimitives.ReadUInt32LittleEndian(size);
        long dataLength = length - StartLength - size.Length - headerLength;
        if (headerLength > LongestHeader || dataLength < 0)
        {
            throw Damaged(
                subject,
                $"its header claims {headerLength} bytes, more than "
                + (dataLength < 0 ? "there are" : "the description of an array takes"));
        }

        byte[] header = GrowingContent.Read(stream, (int)headerLength);
        var (type, isSwapped, isFortran, shape) = Parse(Encoding.Latin1.GetString(header), subject);
        int needed = CountBytes(type, shape) ?? throw Damaged(
            subject, $"its shape takes more than the {Array.MaxLength} bytes that one array can hold");
        if (needed != dataLength)
        {
            throw Damaged(subject, $"it has {dataLength} bytes of data where its shape needs {needed}");
        }

        byte[] data = GrowingContent.Read(stream, needed);
        checksum?.Append(start[..(StartLength + size.Length)]);
        checksum?.Append(header);
        checksum?.Append(data);
        if (data.Length < needed)
        {
            throw Damaged(subject, "it ends early");
        }

        if (type == NpyType.Boolean && data.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)1))
        {
            throw Damaged(subject, "it holds a boolean that is neither 0 nor 1");
        }

        for (int i = 0; isSwapped && i < data.Length; i += type.Size)
        {
            data.AsSpan(i, type.Size).Reverse();
        }

        return new NpyArray(type, shape, isFortran ? ToLastFastest(data, type.Size, shape) : data);
    }

    /// <summary>Writes a file, whole or not at all, in version 1.0 of the format.</summary>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(string path, NpyArray array) => AtomicFile.Write(path, stream => Write(stream, array));

    public static void Write(Stream stream, NpyArray array)
    {
        // One size alone needs a comma to be a tuple.
        string literal =
            $"{{'descr': '{array.Type.Descriptor}', 'fortran_order': False, "
            + $"'shape': ({string.Join(", ", array.Shape)}{(array.Shape.Count == 1 ? "," : "")}), }}";
        const int Prefix = StartLength + sizeof(ushort);
        int length = (Prefix + literal.Length + Alignment) / Alignment * Alignment;
        Span<byte> size = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(size, (ushort)(length - Prefix));
        stream.Write([.. Magic, 1, 0, .. size, .. Encoding.ASCII.GetBytes(literal.PadRight(length - Prefix - 1) + "\n")]);
        stream.Write(array.Data);
    }

    public static SereException Damaged(string subject, string reason, Exception? error = null) =>
        new($"{subject} is not a sound npy array because {reason}; restore it or write it anew.", error!);

    private static (NpyType Type, bool IsSwapped, bool IsFortran, int[] Shape) Parse(string header, string subject)
    {
        var members = new Dictionary<string, string>(StringComparer.Ordinal);
        string rest = header.Trim() is ['{', .. string inner, '}']
            ? inner.TrimStart()
            : throw Damaged(subject, "its header is no dictionary between braces");
        while (rest.Length > 0)
        {
            var member = Member().Match(rest);
            if (!member.Success)
            {
                throw Records().IsMatch(rest)
                    ? NoNumbers(subject, "its elements are records of several fields")
                    : Damaged(subject, $"its header is wrong from {QuotedText.Of(rest.Replace('\'', '"'))} on");
            }

            members[member.Groups["key"].Value] = !members.ContainsKey(member.Groups["key"].Value)
                ? member.Groups["value"].Value
                : throw Damaged(subject, $"its header has the key '{member.Groups["key"].Value}' twice");
            rest = rest[member.Length..];
        }

        var (type, isSwapped) = TypeOf(Value("descr")[1..^1], subject);
        string[] sizes = [.. Value("shape")[1..^1].Split(',').Select(text => text.Trim())];
        // One size alone has a comma behind it, and behind several there may be one.
        sizes = sizes[^1].Length == 0 ? sizes[..^1]
            : sizes.Length > 1 ? sizes
            : throw Damaged(subject, "its key 'shape' has a size without a comma");
        return sizes.Length <= MostSizes
            ? (type, isSwapped, Value("fortran_order") is "True", Array.ConvertAll(sizes, Size))
            : throw Damaged(subject, $"its key 'shape' has more than {MostSizes} sizes");

        string Value(string key) => members.TryGetValue(key, out string? value)
            ? value
            : throw Damaged(subject, $"its header has no key '{key}'");

        // Python 2 marks some sizes by an L.
        int Size(string text) => (text.EndsWith('L') ? text[..^1] : text) is not ['0', _, ..] and var digits
            && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int size)
            ? size
            : throw Damaged(subject, $"its key 'shape' has {QuotedText.Of(text)} for a size from 0 to {int.MaxValue}");
    }

    /// <summary>A type, and whether its bytes are in the other order than this machine's, which is meant where none is named.</summary>
    private static (NpyType Type, bool IsSwapped) TypeOf(string descriptor, string subject)
    {
        char order = descriptor.Length == 3 ? descriptor[0] : '=';
        if (NpyType.Find(descriptor.Length == 3 ? descriptor[1..] : descriptor) is { } type
            && (order is '<' or '>' or '=' || (order == '|' && type.Size == 1)))
        {
            return (type, order != '=' && (order == '>') == BitConverter.IsLittleEndian);
        }

        throw NoNumbers(subject, descriptor.TrimStart('<', '>', '=', '|').StartsWith('O')
            ? "it holds Python objects, and to load those is to run code that came with the file"
            : $"its element type {QuotedText.Of(descriptor)} is no boolean, integer or floating-point type of up to "
                + "64 bits in a known byte order");
    }

    private static SereException NoNumbers(string subject, string reason) => new(
        $"{subject} cannot be read because {reason}; save it from NumPy as a plain type such as float32 or uint8.");

    /// <summary>How many bytes the elements take; null if more than one array can hold.</summary>
    private static int? CountBytes(NpyType type, int[] shape)
    {
        // A zero among the sizes must not hide others that no array could have.
        long length = type.Size;
        foreach (int size in shape)
        {
            length *= Math.Max(size, 1);
            if (length > Array.MaxLength)
            {
                return null;
            }
        }

        return shape.Contains(0) ? 0 : (int)length;
    }

    /// <summary>Brings elements whose first index runs fastest into the order in which the last one does.</summary>
    private static byte[] ToLastFastest(byte[] data, int elementSize, int[] shape)
    {
        // Sizes of 1 take no part in an order.
        int[] sizes = [.. shape.Where(size => size > 1)];
        byte[] ordered = new byte[data.Length];
        int[] index = new int[sizes.Length];
        for (int target = 0, source = 0; target < ordered.Length; target += elementSize)
        {
            data.AsSpan(source, elementSize).CopyTo(ordered.AsSpan(target));
            int stride = data.Length;
            for (int dimension = sizes.Length - 1; dimension >= 0; dimension--)
            {
                stride /= sizes[dimension];
                source += stride;
                if (++index[dimension] < sizes[dimension])
                {
                    break;
                }

                source -= stride * sizes[dimension];
                index[dimension] = 0;
            }
        }

        return ordered;
    }

    // What a member of the dictionary may be. Nothing in it repeats what repeats: the time is that of the header's length.
    [GeneratedRegex(
        """
        ^( ['"](?<key>descr)['"]\s*:\s*(?<value>'[^'\\\x00-\x1f]*'|"[^"\\\x00-\x1f]*")
        | ['"](?<key>fortran_order)['"]\s*:\s*(?<value>True|False)
        | ['"](?<key>shape)['"]\s*:\s*(?<value>\([^()]*\)) )\s*(,\s*|$)
        """,
        RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace,
        Timeout.Infinite)]
    private static partial Regex Member();

    [GeneratedRegex("""^['"]descr['"]\s*:\s*[\[({]""", RegexOptions.None, Timeout.Infinite)]
    private static partial Regex Records();
}
