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
}
