using System.Buffers.Binary;

namespace Sere.Tests.Data;

/// <summary>Builds uncompressed bitmaps of 24 bits, which the picture library does not write.</summary>
internal static class BmpBytes
{
    public static byte[] Build(int width, int height, byte[][] colours)
    {
        int row = ((3 * width) + 3) / 4 * 4;
        byte[] file = new byte[54 + (row * height)];
        "BM"u8.CopyTo(file);
        int[] header = [file.Length, 0, 54, 40, width, height, 1 | (24 << 16)];
        for (int i = 0; i < header.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2 + (4 * i)), header[i]);
        }

        for (int i = 0; i < colours.Length; i++)
        {
            // Rows from the bottom, and blue first.
            int place = 54 + (row * (height - 1 - (i / width))) + (3 * (i % width));
            (file[place], file[place + 1], file[place + 2]) = (colours[i][2], colours[i][1], colours[i][0]);
        }

        return file;
    }
}
