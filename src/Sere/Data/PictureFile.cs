using Sere.Storage;
using SkiaSharp;

namespace Sere.Data;

/// <summary>One PNG, JPEG or WebP file: its size first, its pixels on demand.</summary>
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

    private PictureFile(string path, SKCodec codec)
    {
        _path = path;
        _codec = codec;
    }

    /// <summary>The number of rows.</summary>
    public int Height => _codec.Info.Height;

    /// <summary>The number of columns.</summary>
    public int Width => _codec.Info.Width;

    /// <summary>Whether the file has no channels of colour.</summary>
    public bool IsStoredGrey => _codec.Info.ColorType == SKColorType.Gray8;

    /// <summary>Opens a file and checks what it says of itself.</summary>
    /// <exception cref="PictureException">It is no such file, cannot be read, or declares too many pixels.</exception>
    public static PictureFile Open(string path)
    {
        byte[] content = ReadContent(path);
        using SKData data = SKData.CreateCopy(content);
        SKCodec? codec = SKCodec.Create(data);
        if (codec is null
            || codec.EncodedFormat is not (SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg
                or SKEncodedImageFormat.Webp))
        {
            codec?.Dispose();
            throw new PictureException(path, "is damaged or not a PNG, JPEG or WebP image");
        }

        long pixels = (long)codec.Info.Width * codec.Info.Height;
        if (pixels > Math.Min(MostPixels, AlwaysAllowedPixels + (PixelsPerByte * content.Length)))
        {
            string size = $"{codec.Info.Width} x {codec.Info.Height}";
            codec.Dispose();
            throw new PictureException(
                path, $"claims {size} pixels, too many for a file of {content.Length} bytes to be read");
        }

        return new PictureFile(path, codec);
    }

    /// <summary>Decodes the image, composed on black.</summary>
    /// <param name="gray">Whether colours become grey values.</param>
    /// <returns>One plane of bytes where the image is grey or made so, else three; each row by row.</returns>
    /// <exception cref="PictureException">The content is damaged.</exception>
    public byte[] ReadPlanes(bool gray)
    {
        // A premultiplied colour is the colour composed on black; no colour space leaves the stored values as they are.
        var format = new SKImageInfo(Width, Height, SKColorType.Rgba8888, SKAlphaType.Premul);
        if (_codec.GetPixels(format, out byte[] colours) != SKCodecResult.Success)
        {
            throw new PictureException(_path, "is damaged: not all of its pixels can be decoded");
        }

        byte[] planes = new byte[Height * Width * (gray || IsGrey(colours) ? 1 : 3)];
        int size = Height * Width;
        for (int i = 0; i < size; i++)
        {
            ReadOnlySpan<byte> colour = colours.AsSpan(4 * i, 4);
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

        return planes;
    }

    /// <summary>The grey value of a colour, the luma of Rec. 601.</summary>
    public static byte Luma(byte red, byte green, byte blue) =>
        (byte)(((299 * red) + (587 * green) + (114 * blue) + 500) / 1000);

    /// <inheritdoc/>
    public void Dispose() => _codec.Dispose();

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
        int rounding = _codec.EncodedFormat == SKEncodedImageFormat.Png ? 0 : LargestRounding;
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
