using System.Buffers.Binary;

namespace Sere.Tests.Runs;

/// <summary>
/// Reads event files of TensorBoard: TFRecord framing, whose checksums it verifies bit by bit, without code of what writes
/// them, and the protocol buffers of the records.
/// </summary>
internal static class EventFile
{
    /// <summary>The events of a file.</summary>
    /// <exception cref="InvalidDataException">A record is cut off or a checksum is wrong.</exception>
    public static IReadOnlyList<LoggedEvent> Read(string path) =>
        [.. Records(File.ReadAllBytes(path)).Select(record => Event(record))];

    /// <summary>
    /// The values of each step as TensorBoard shows them: file after file in the order of their names, each start of a
    /// session forgetting what was there from its step on.
    /// </summary>
    public static SortedDictionary<long, IReadOnlyDictionary<string, float>> Shown(string folder)
    {
        var shown = new SortedDictionary<long, IReadOnlyDictionary<string, float>>();
        foreach (var one in Directory.GetFiles(folder).Order(StringComparer.Ordinal).SelectMany(Read))
        {
            if (one.SessionStatus == LoggedEvent.Start)
            {
                foreach (long step in shown.Keys.Where(step => step >= one.Step).ToArray())
                {
                    shown.Remove(step);
                }
            }

            if (one.Scalars is not null)
            {
                shown.Add(one.Step, one.Scalars);
            }
        }

        return shown;
    }

    /// <summary>The data of each record.</summary>
    public static IEnumerable<byte[]> Records(byte[] file)
    {
        for (int position = 0; position < file.Length;)
        {
            Require(position + 12 <= file.Length, "A record's head is cut off.");
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(position));
            RequireChecksum(file.AsSpan(position, 8), file.AsSpan(position + 8));
            Require(length <= (ulong)(file.Length - position - 16), "A record is cut off.");
            byte[] data = file[(position + 12)..(position + 12 + (int)length)];
            RequireChecksum(data, file.AsSpan(position + 12 + data.Length));
            yield return data;
            position += data.Length + 16;
        }
    }

    /// <summary>CRC-32C by its definition: division by the reflected polynomial 0x82f63b78, a bit at a time.</summary>
    public static uint Checksum(ReadOnlySpan<byte> data)
    {
        uint remainder = 0xffffffff;
        foreach (byte value in data)
        {
            remainder ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                remainder = (remainder & 1) == 1 ? (remainder >> 1) ^ 0x82f63b78 : remainder >> 1;
            }
        }

        return remainder ^ 0xffffffff;
    }

    private static void RequireChecksum(ReadOnlySpan<byte> data, ReadOnlySpan<byte> stored)
    {
        uint checksum = Checksum(data);
        uint masked = unchecked(((checksum >> 15) | (checksum << 17)) + 0xa282ead8u);
        Require(masked == BinaryPrimitives.ReadUInt32LittleEndian(stored), "A checksum is wrong.");
    }

    private static LoggedEvent Event(byte[] message)
    {
        var read = Tensorboard.Event.Parser.ParseFrom(message);
        return new LoggedEvent(
            read.WallTime,
            read.Step,
            read.FileVersion.Length > 0 ? read.FileVersion : null,
            read.SessionLog is null ? null : (ulong)read.SessionLog.Status,
            read.Summary?.Value.ToDictionary(value => value.Tag, value => value.SimpleValue, StringComparer.Ordinal));
    }

    private static void Require(bool sound, string fault)
    {
        if (!sound)
        {
            throw new InvalidDataException(fault);
        }
    }
}
