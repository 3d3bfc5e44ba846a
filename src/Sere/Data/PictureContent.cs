using System.Buffers.Binary;

namespace Sere.Data;

/// <summary>
/// Takes out of a PNG, JPEG or WebP file what it carries beside its pixels, before a decoder sees it: texts and profiles are
/// of no use here, and packed ones unpack to any size. The orientation that a camera noted is kept.
/// </summary>
internal static class PictureContent
{
    private const int Upright = 1;
    private const int TurnedLast = 8;
    private const ushort OrientationTag = 0x0112;

    // The flags of a profile, of Exif and of XMP in the header of an extended WebP file.
    private const byte WebPMetadata = 0x20 | 0x08 | 0x04;

    /// <summary>Reduces a file in place.</summary>
    public static (int Length, int Orientation) Reduce(byte[] content) =>
        content.AsSpan() switch
        {
            [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => (ReducePng(content), Upright),
            [0xFF, 0xD8, ..] => ReduceJpeg(content),
            [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] =>
                ReduceWebP(content),
            _ => (content.Length, Upright),
        };

    private static int ReducePng(Span<byte> content)
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

    private static (int Length, int Orientation) ReduceJpeg(Span<byte> content)
    {
        int orientation = Upright;
        int kept = 2;
        int read = 2;
        // What follows the start of the first scan is pixels.
        while (content.Length - read >= 4 && content[read] == 0xFF && content[read + 1] is not 0xDA)
        {
            Span<byte> rest = content[read..];
            byte marker = rest[1];
            int length = marker is 0xFF ? 1
                : marker is 0x01 or (>= 0xD0 and <= 0xD9) ? 2
                : 2 + BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            if (length > rest.Length)
            {
                break;
            }

            // JFIF and Adobe's marker say how colours are stored.
            if (marker is 0xFE or (> 0xE0 and <= 0xEF and not 0xEE))
            {
                if (marker == 0xE1 && orientation == Upright && rest[4..length].StartsWith("Exif\0\0"u8))
                {
                    orientation = ReadOrientation(rest[10..length]);
                }
            }
            else
            {
                rest[..length].CopyTo(content[kept..]);
                kept += length;
            }

            read += length;
        }

        content[read..].CopyTo(content[kept..]);
        return (content.Length - read + kept, orientation);
    }

    private static (int Length, int Orientation) ReduceWebP(Span<byte> content)
    {
        int orientation = Upright;
        int kept = 12;
        int read = 12;
        long dropped = 0;
        while (content.Length - read >= 8)
        {
            Span<byte> rest = content[read..];
            long claimed = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            claimed += 8 + (claimed & 1);
            int length = (int)Math.Min(claimed, rest.Length);
            ReadOnlySpan<byte> name = rest[..4];
            if (name.SequenceEqual("EXIF"u8) || name.SequenceEqual("XMP "u8) || name.SequenceEqual("ICCP"u8))
            {
                ReadOnlySpan<byte> exif = rest[8..length];
                orientation = name[0] != 'E' || orientation != Upright ? orientation
                    : ReadOrientation(exif.StartsWith("Exif\0\0"u8) ? exif[6..] : exif);
                dropped += claimed;
            }
            else
            {
                if (length > 8 && name.SequenceEqual("VP8X"u8))
                {
                    rest[8] &= unchecked((byte)~WebPMetadata);
                }

                rest[..length].CopyTo(content[kept..]);
                kept += length;
            }

            read += length;
        }

        // A file that is cut stays one.
        Span<byte> size = content[4..];
        BinaryPrimitives.WriteUInt32LittleEndian(
            size, (uint)Math.Max(0, BinaryPrimitives.ReadUInt32LittleEndian(size) - dropped));
        content[read..].CopyTo(content[kept..]);
        return (content.Length - read + kept, orientation);
    }

    /// <summary>The orientation in the first directory of Exif, a TIFF file without pixels; upright where there is none.</summary>
    private static int ReadOrientation(ReadOnlySpan<byte> exif)
    {
        bool isLittle = exif.StartsWith("II*\0"u8);
        if (exif.Length < 8 || (!isLittle && !exif.StartsWith("MM\0*"u8)))
        {
            return Upright;
        }

        uint start = isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(exif[4..]) : BinaryPrimitives.ReadUInt32BigEndian(exif[4..]);
        if (start > exif.Length - 2)
        {
            return Upright;
        }

        int entries = Short(exif[(int)start..], isLittle);
        ReadOnlySpan<byte> entry = exif[((int)start + 2)..];
        for (; entries > 0 && entry.Length >= 12; entries--, entry = entry[12..])
        {
            if (Short(entry, isLittle) == OrientationTag)
            {
                return Short(entry[8..], isLittle) is >= Upright and <= TurnedLast and var orientation ? orientation : Upright;
            }
        }

        return Upright;
    }

    private static ushort Short(ReadOnlySpan<byte> bytes, bool isLittle) =>
        isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
