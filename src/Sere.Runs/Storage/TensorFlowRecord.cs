using System.Buffers.Binary;
using System.Numerics;

namespace Sere.Storage;

/// <summary>
/// A record of a TFRecord file: the length of its data (8 bytes, little-endian), a checksum of these 8 bytes, the data, a
/// checksum of the data. Such a file is its records, one after the other.
/// </summary>
internal static class TensorFlowRecord
{
    private const int LengthSize = sizeof(ulong);
    private const int ChecksumSize = sizeof(uint);

    // The format masks its checksums, since the checksum of data that holds its own checksum tells little.
    private const uint MaskDelta = 0xa282ead8;
    private const int MaskRotation = 15;

    /// <summary>The bytes of a record.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> data)
    {
        byte[] record = new byte[LengthSize + ChecksumSize + data.Length + ChecksumSize];
        var length = record.AsSpan(0, LengthSize);
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(LengthSize), MaskedChecksum(length));
        data.CopyTo(record.AsSpan(LengthSize + ChecksumSize));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(^ChecksumSize..), MaskedChecksum(data));
        return record;
    }

    /// <summary>CRC-32C (Castagnoli), masked.</summary>
    public static uint MaskedChecksum(ReadOnlySpan<byte> data)
    {
        uint checksum = uint.MaxValue;
        foreach (byte value in data)
        {
            checksum = BitOperations.Crc32C(checksum, value);
        }

        return BitOperations.RotateRight(~checksum, MaskRotation) + MaskDelta;
    }
}
