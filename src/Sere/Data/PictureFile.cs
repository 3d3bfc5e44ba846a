using System.Runtime.InteropServices;
using Sere.Storage;
using SkiaSharp;

namespace Sere.Data;

/// <summary>One PNG, JPEG, WebP or BMP file: its size first, its pixels on demand, as they are to be seen.</summary>
internal sealed class PictureFile : IDisposable
{
    /// <summary>The greatest number of pixels of an image that is read or made.</summary>
    public const long MostPixels = 1L << 26;

    // Deflate packs at best 1032 bytes into one, and a byte holds at most eight pixels; smaller files are let through.
    private const long PixelsPerByte = 1032 * 8;
    private const long AlwaysAllowedPixels = 1L << 20;

    private const int LargestRounding = 2;

    private readonly string _path;
    private readonly SKCodec _codec;
    private readonly int _orientation;

    private PictureFile(string path, SKCodec codec, int orientation)
    {
        _path = path;
        _codec = codec;
        _orientation = orientation;
    }

    /// <summary>The number of rows.</summary>
    public int Height => IsTransposed ? _codec.Info.Width : _codec.Info.Height;

    /// <summary>The number of columns.</summary>
    public int Width => IsTransposed ? _codec.Info.Height : _codec.Info.Width;

    /// <summary>Whether the file has no channels of colour.</summary>
    public bool IsStoredGrey => _codec.Info.ColorType == SKColorType.Gray8;

    // From 5 on, the rows that are stored are columns to be seen.
    private bool IsTransposed => _orientation > 4;

    /// <summary>Opens a file and checks what it says of itself.</summary>
    public static PictureFile Open(string path)
    {
        byte[] content = ReadContent(path);
        var (length, orientation) = PictureContent.Reduce(content);
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

        return new PictureFile(path, codec, orientation);
    }

    /// <summary>Decodes the image, composed on black.</summary>
    public bool Decode(ref byte[] colours)
    {
        // A premultiplied colour is the colour composed on black; no colour space leaves the stored values as they are.
        var format = new SKImageInfo(
            _codec.Info.Width, _codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Premul);
        if (colours.Length < format.BytesSize)
        {
            colours = new byte[format.BytesSize];
        }

        colours.AsSpan(0, format.BytesSize).Clear();
        var pinned = GCHandle.Alloc(colours, GCHandleType.Pinned);
        try
        {
            return _codec.GetPixels(format, pinned.AddrOfPinnedObject()) == SKCodecResult.Success
                ? IsGrey(colours.AsSpan(0, format.BytesSize))
                : throw new PictureException(_path, "is damaged: not all of its pixels can be decoded");
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

    /// <summary>The grey value of a colour, the luma of Rec. 601.</summary>
    public static byte Luma(byte red, byte green, byte blue) =>
        (byte)(((299 * red) + (587 * green) + (114 * blue) + 500) / 1000);

    public void Dispose() => _codec.Dispose();

    /// <summary>The place among the stored pixels of one that is to be seen.</summary>
    private int StoredAt(int row, int column)
    {
        (row, column) = IsTransposed ? (column, row) : (row, column);
        row = _orientation is 3 or 4 or 6 or 7 ? _codec.Info.Height - 1 - row : row;
        column = _orientation is 2 or 3 or 7 or 8 ? _codec.Info.Width - 1 - column : column;
        return (row * _codec.Info.Width) + column;
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
        int rounding = _codec.EncodedFormat is SKEncodedImageFormat.Png or SKEncodedImageFormat.Bmp ? 0 : LargestRounding;
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
    /// <summary>It is stored as grey values.</summary>
    Grey,

    /// <summary>It is stored in colour and shows none.</summary>
    GreyInColour,

    /// <summary>It shows colour.</summary>
    Coloured,
}

/// <summary>A picture that cannot be read; a folder is read to its end to name several.</summary>
internal sealed class PictureException : SereException
{
    /// <summary>A failure of one file.</summary>
    public PictureException(string path, string fault, Exception? cause = null)
        : base($"'{path}' {fault}; replace it or remove it from the folder.", cause!)
    {
        Fault = fault;
    }

    /// <summary>What is wrong, to follow the file's name in a sentence.</summary>
    public string Fault { get; }
}
