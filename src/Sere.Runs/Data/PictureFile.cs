using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Sere.Storage;
using SkiaSharp;

namespace Sere.Data;

/// <summary>One PNG, JPEG, WebP or BMP file: its size first, its pixels on demand, as they are to be seen.</summary>
internal sealed class PictureFile(string file, SKCodec codec, int orientation) : IDisposable
{
    public const long MostPixels = 1L << 26;

    // Deflate packs at best 1032 bytes into one, and a byte holds at most eight pixels; smaller files are let through.
    private const long PixelsPerByte = 1032 * 8;
    private const long AlwaysAllowedPixels = 1L << 20;

    private const int LargestRounding = 2;

    private static ReadOnlySpan<byte> Png => [0x89, (byte)'P', (byte)'N', (byte)'G'];

    public int Height => IsTransposed ? codec.Info.Width : codec.Info.Height;

    public int Width => IsTransposed ? codec.Info.Height : codec.Info.Width;

    public bool IsStoredGrey => codec.Info.ColorType == SKColorType.Gray8;

    // From 5 on, the rows that are stored are columns to be seen.
    private bool IsTransposed => orientation > 4;

    public static PictureFile Open(string path) => Of(path, ReadContent(path));

    /// <summary>A picture in memory, which a name stands for in errors; the bytes are changed.</summary>
    public static PictureFile Of(string path, byte[] content)
    {
        int length = content.AsSpan().StartsWith(Png) ? ReducePng(content) : content.Length;
        using SKData data = SKData.CreateCopy(content, (ulong)length);
        SKCodec? codec = SKCodec.Create(data);
        if (codec is null
            || codec.EncodedFormat is not (SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg
                or SKEncodedImageFormat.Webp or SKEncodedImageFormat.Bmp))
        {
            codec?.Dispose();
            throw new PictureException(path, FileKinds.Of(content) == FileKind.Tiff
                ? "is a TIFF image, which is not read (convert it to PNG)"
                : "is damaged or not a PNG, JPEG, WebP or BMP image");
        }

        long pixels = (long)codec.Info.Width * codec.Info.Height;
        if (pixels > Math.Min(MostPixels, AlwaysAllowedPixels + (PixelsPerByte * content.Length)))
        {
            string size = $"{codec.Info.Width} x {codec.Info.Height}";
            codec.Dispose();
            throw new PictureException(
                path, $"claims {size} pixels, too many for a file of {content.Length} bytes to be read");
        }

        return new PictureFile(path, codec, (int)codec.EncodedOrigin);
    }

    public bool Decode(ref byte[] colours)
    {
        // A premultiplied colour is the colour composed on black; no colour space leaves the stored values as they are.
        var format = new SKImageInfo(
            codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Premul);
        if (colours.Length < format.BytesSize)
        {
            colours = new byte[format.BytesSize];
        }

        colours.AsSpan(0, format.BytesSize).Clear();
        var pinned = GCHandle.Alloc(colours, GCHandleType.Pinned);
        try
        {
            return codec.GetPixels(format, pinned.AddrOfPinnedObject()) == SKCodecResult.Success
                ? IsGrey(colours.AsSpan(0, format.BytesSize))
                : throw new PictureException(file, "is damaged: not all of its pixels can be decoded");
        }
        finally
        {
            pinned.Free();
        }
    }

    /// <summary>Writes the planes of a decoded image, each row by row: one of grey values, or three.</summary>
    public void WritePlanes(ReadOnlySpan<byte> colours, Span<byte> planes)
    {
        int size = Height * Width;
        int i = 0;
        for (int row = 0; row < Height; row++)
        {
            for (int column = 0; column < Width; column++, i++)
            {
                ReadOnlySpan<byte> colour = colours.Slice(4 * StoredAt(row, column), 4);
                if (planes.Length == size)
                {
                    planes[i] = Luma(colour[0], colour[1], colour[2]);
                }
                else
                {
                    planes[i] = colour[0];
                    planes[size + i] = colour[1];
                    planes[(2 * size) + i] = colour[2];
                }
            }
        }
    }

    public static byte Luma(byte red, byte green, byte blue) =>
        (byte)(((299 * red) + (587 * green) + (114 * blue) + 500) / 1000);

    public void Dispose() => codec.Dispose();

    private int StoredAt(int row, int column)
    {
        (row, column) = IsTransposed ? (column, row) : (row, column);
        row = orientation is 3 or 4 or 6 or 7 ? codec.Info.Height - 1 - row : row;
        column = orientation is 2 or 3 or 7 or 8 ? codec.Info.Width - 1 - column : column;
        return (row * codec.Info.Width) + column;
    }

    /// <summary>
    /// Takes out of a PNG file, in place, what it carries beside its pixels, before the decoder sees it: texts and profiles are
    /// of no use here, and packed ones unpack to any size.
    /// </summary>
    /// <returns>The new length.</returns>
    internal static int ReducePng(Span<byte> content)
    {
        int kept = 8;
        int read = 8;
        while (read + 8 <= content.Length)
        {
            Span<byte> rest = content[read..];
            int length = (int)Math.Min(12L + BinaryPrimitives.ReadUInt32BigEndian(rest), rest.Length);
            ReadOnlySpan<byte> name = rest.Slice(4, 4);
            if (name.SequenceEqual("IDAT"u8) || name.SequenceEqual("IHDR"u8) || name.SequenceEqual("PLTE"u8)
                || name.SequenceEqual("tRNS"u8) || name.SequenceEqual("IEND"u8))
            {
                rest[..length].CopyTo(content[kept..]);
                kept += length;
            }

            read += length;
        }

        return Math.Min(kept, content.Length);
    }

    private static byte[] ReadContent(string path)
    {
        try
        {
            using FileStream file = OrdinaryFile.OpenRead(path);
            if (file.Length > Array.MaxLength)
            {
                throw new PictureException(path, $"has {file.Length} bytes, too many for an image");
            }

            byte[] content = new byte[file.Length];
            file.ReadExactly(content);
            return content;
        }
        catch (SereException error) when (error is not PictureException)
        {
            throw new PictureException(path, "is empty, or a pipe or a device", error);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw new PictureException(path, $"cannot be read because {FileFault.Reason(path, error)}", error);
        }
    }

    /// <summary>
    /// Whether no pixel shows colour. Files that lose detail store brightness and colour apart, and where they are put
    /// together again the channels of a grey pixel differ by their rounding.
    /// </summary>
    private bool IsGrey(ReadOnlySpan<byte> colours)
    {
        int rounding = codec.EncodedFormat is SKEncodedImageFormat.Png or SKEncodedImageFormat.Bmp ? 0 : LargestRounding;
        for (int i = 0; i < colours.Length; i += 4)
        {
            if (Math.Abs(colours[i] - colours[i + 1]) > rounding || Math.Abs(colours[i] - colours[i + 2]) > rounding)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>Whether a picture shows colour.</summary>
internal enum PictureColour
{
    Grey,

    GreyInColour,

    Coloured,
}

/// <summary>A picture that cannot be read; a folder is read to its end to name several.</summary>
internal sealed class PictureException(string path, string fault, Exception? cause = null)
    : SereException($"'{path}' {fault}; replace it or remove it from the folder.", cause!)
{
    public string Fault => fault;
}
