using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Sere.Storage;

/// <summary>
/// Reads one array of the npy format from a stream of known length and believes nothing in it: what the header claims
/// is held against the length before anything is made of it.
/// </summary>
internal static class NpyReader
{
    // The magic bytes and two of the version.
    private const int StartLength = 8;

    /// <summary>Reads the head and leaves the stream at the first byte of the data.</summary>
    /// <param name="stream">The stream, at its start.</param>
    /// <param name="length">How many bytes it has, head and data.</param>
    /// <param name="subject">What is read, to begin a sentence with.</param>
    /// <param name="checksum">Gets the bytes of the head, where given.</param>
    /// <exception cref="SereException">The head is damaged, contradicts the length, or has no plain numbers.</exception>
    public static NpyHeader ReadHeader(Stream stream, long length, string subject, Crc32? checksum = null)
    {
        try
        {
            byte[] text = ReadText(stream, length, checksum, out long dataLength);
            NpyHeader header = NpyHeaderParser.Parse(text);
            return header.DataLength == dataLength
                ? header
                : throw new FormatException(
                    $"it has {dataLength} bytes of data where its shape needs {header.DataLength}");
        }
        catch (FormatException error)
        {
            throw Damaged(subject, error.Message, error);
        }
        catch (NotSupportedException error)
        {
            throw new SereException(
                $"{subject} cannot be read because {error.Message}; save it from NumPy as a plain type such as float32 "
                + "or uint8.",
                error);
        }
    }

    /// <summary>Makes the array of its data.</summary>
    /// <param name="header">The head.</param>
    /// <param name="data">All bytes of the data, which become those of the array.</param>
    /// <param name="subject">What is read, to begin a sentence with.</param>
    /// <exception cref="SereException">A boolean is neither true nor false.</exception>
    public static NpyArray ToArray(NpyHeader header, byte[] data, string subject)
    {
        if (header.Type == NpyElementType.Boolean && data.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)1))
        {
            throw Damaged(subject, "it holds a boolean that is neither 0 nor 1");
        }

        int size = NpyElementTypes.SizeOf(header.Type);
        if (header.Swapped)
        {
            SwapBytes(data, size);
        }

        return new NpyArray(
            header.Type,
            header.Shape,
            header.IsFortran ? FortranOrder.ToRowMajor(data, size, header.Shape) : data);
    }

    /// <summary>The error of an array that breaks the format.</summary>
    public static SereException Damaged(string subject, string reason, Exception? error = null) =>
        new($"{subject} is not a sound npy array because {reason}; restore it or write it anew.", error!);

    private static byte[] ReadText(Stream stream, long length, Crc32? checksum, out long dataLength)
    {
        Span<byte> start = stackalloc byte[StartLength + sizeof(uint)];
        int held = stream.ReadAtLeast(start[..StartLength], StartLength, throwOnEndOfStream: false);
        if (!start[..Math.Min(held, NpyHeader.Magic.Length)].SequenceEqual(NpyHeader.Magic))
        {
            throw new FormatException("it does not begin as npy files do");
        }

        if (held < StartLength)
        {
            throw new FormatException("it ends within its header");
        }

        (byte major, byte minor) = (start[StartLength - 2], start[StartLength - 1]);
        if (major is not (1 or 2 or 3) || minor != 0)
        {
            throw new FormatException($"its format has the unknown version {major}.{minor}");
        }

        Span<byte> size = start.Slice(StartLength, major == 1 ? sizeof(ushort) : sizeof(uint));
        ReadExactly(stream, size);
        long textLength = major == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(size)
            : BinaryPrimitives.ReadUInt32LittleEndian(size);
        dataLength = length - StartLength - size.Length - textLength;
        if (textLength > NpyHeader.MaximumLength || dataLength < 0)
        {
            throw new FormatException(
                $"its header claims {textLength} bytes, more than "
                + (dataLength < 0 ? "there are" : "the description of an array takes"));
        }

        byte[] text = new byte[textLength];
        ReadExactly(stream, text);
        checksum?.Append(start[..(StartLength + size.Length)]);
        checksum?.Append(text);
        return text;
    }

    private static void ReadExactly(Stream stream, Span<byte> bytes)
    {
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
        {
            throw new FormatException("it ends within its header");
        }
    }

    private static void SwapBytes(Span<byte> data, int size)
    {
        switch (size)
        {
            case sizeof(ushort):
                Span<ushort> two = MemoryMarshal.Cast<byte, ushort>(data);
                BinaryPrimitives.ReverseEndianness(two, two);
                break;
            case sizeof(uint):
                Span<uint> four = MemoryMarshal.Cast<byte, uint>(data);
                BinaryPrimitives.ReverseEndianness(four, four);
                break;
            case sizeof(ulong):
                Span<ulong> eight = MemoryMarshal.Cast<byte, ulong>(data);
                BinaryPrimitives.ReverseEndianness(eight, eight);
                break;
        }
    }
}

/// <summary>
/// One array in a file of NumPy's npy format. Versions 1.0 to 3.0 are read, in either byte order and either order of the
/// elements; reading one runs no code and takes memory in proportion to the file. Arrays of Python objects, of text or
/// of records are refused.
/// </summary>
public static class NpyFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SereException">
    /// The file cannot be read, is damaged, or holds no plain numbers; the message says what is wrong.
    /// </exception>
    public static NpyArray Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using FileStream file = OrdinaryFile.OpenRead(path);
            string subject = $"The file '{path}'";
            NpyHeader header = NpyReader.ReadHeader(file, file.Length, subject);
            byte[] data = new byte[header.DataLength];
            file.ReadExactly(data);
            return NpyReader.ToArray(header, data, subject);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Reading(path, error);
        }
    }

    /// <summary>Writes a file, whole or not at all, in version 1.0 of the format.</summary>
    /// <param name="path">The file; an older one of that name is replaced.</param>
    /// <param name="array">The array.</param>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(string path, NpyArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        AtomicFile.Write(path, stream => Write(stream, array));
    }

    /// <summary>Writes head and data to a stream.</summary>
    internal static void Write(Stream stream, NpyArray array)
    {
        stream.Write(NpyHeader.Encode(array.Type, array.Shape));
        stream.Write(array.Data);
    }
}
