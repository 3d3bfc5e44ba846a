namespace Sere.Tests.Data;

/// <summary>Builds files of CIFAR-10 in memory.</summary>
internal static class Cifar10File
{
    public const int RecordLength = 3073;

    /// <summary>Records whose labels count up from a number and whose pixels are a function of the record.</summary>
    public static byte[] Build(int records, int first = 0)
    {
        byte[] file = new byte[records * RecordLength];
        for (int record = 0; record < records; record++)
        {
            Span<byte> bytes = file.AsSpan(record * RecordLength, RecordLength);
            bytes[0] = (byte)((first + record) % 10);
            for (int i = 1; i < RecordLength; i++)
            {
                bytes[i] = (byte)((7 * i) + first + record);
            }
        }

        return file;
    }

    /// <summary>The same images as the Python version of the data set pickles them.</summary>
    public static byte[] BuildPickle(byte[] records)
    {
        int count = records.Length / RecordLength;
        byte[][] parts = [.. Enumerable.Range(0, count).Select(record => records[(record * RecordLength)..((record + 1) * RecordLength)])];
        byte[] pixels = [.. parts.SelectMany(part => part[1..])];
        return
        [
            0x80, 2, .. "}q\u0001("u8, .. Text("batch_label"), .. Text("training batch 1 of 5"), .. Text("labels"), .. "]q\u0002("u8,
            .. parts.SelectMany(part => (byte[])[(byte)'K', part[0]]), (byte)'e', .. Text("data"),
            .. "cnumpy.core.multiarray\n_reconstruct\nq\u0003cnumpy\nndarray\nq\u0004K\0"u8, 0x85, .. Text("b"), 0x87,
            .. "Rq\u0005(K\u0001M"u8, (byte)count, (byte)(count >> 8), .. "M\0\u000C"u8, 0x86, .. "cnumpy\ndtype\n"u8, .. Text("u1"),
            .. "K\0K\u0001"u8, 0x87, .. "Rr\u0006\0\0\0(K\u0003"u8, .. Text("|"), .. "NNNJ"u8, 255, 255, 255, 255, (byte)'J', 255, 255,
            255, 255, .. "K\0tb"u8, 0x89, (byte)'T', .. BitConverter.GetBytes(pixels.Length), .. pixels, .. "tb"u8,
            .. Text("filenames"), .. "]("u8, .. parts.SelectMany(_ => Text("a.png")), .. "eu."u8,
        ];

        static byte[] Text(string text) => [(byte)'U', (byte)text.Length, .. System.Text.Encoding.Latin1.GetBytes(text), (byte)'q', 9];
    }
}
