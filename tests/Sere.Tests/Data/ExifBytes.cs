using System.Buffers.Binary;

namespace Sere.Tests.Data;

/// <summary>Puts the orientation that a camera notes, by Exif, into pictures.</summary>
internal static class ExifBytes
{
    public static byte[] IntoJpeg(byte[] jpeg, byte orientation, bool isLittle)
    {
        byte[] exif = [.. "Exif\0\0"u8, .. Directory(orientation, isLittle)];
        return [.. jpeg[..2], 0xFF, 0xE1, 0, (byte)(2 + exif.Length), .. exif, .. jpeg[2..]];
    }

    /// <summary>An extended file of what a simple one holds.</summary>
    public static byte[] IntoWebP(byte[] webp, int width, int height, byte orientation)
    {
        byte[] exif = Directory(orientation, isLittle: true);
        byte[] body =
        [
            .. "WEBPVP8X"u8, 10, 0, 0, 0, 0x08, 0, 0, 0, (byte)(width - 1), 0, 0, (byte)(height - 1), 0, 0,
            .. webp[12..], .. "EXIF"u8, (byte)exif.Length, 0, 0, 0, .. exif,
        ];
        byte[] size = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(size, body.Length);
        return [.. "RIFF"u8, .. size, .. body];
    }

    private static byte[] Directory(byte orientation, bool isLittle) => isLittle
        ? [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]
        : [.. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
}
