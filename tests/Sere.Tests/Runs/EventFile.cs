using System.Buffers.Binary;
using System.Text;

namespace Sere.Tests.Runs;

/// <summary>
/// Reads event files of TensorBoard from their bytes alone: TFRecord framing, whose checksums it verifies bit by bit, and
/// the wire format of protocol buffers. It shares no code with what writes them.
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
        var result = new LoggedEvent(0, 0, null, null, null);
        foreach (var (number, value) in Fields(message))
        {
            result = number switch
            {
                1 => result with { WallTime = BinaryPrimitives.ReadDoubleLittleEndian(value) },
                2 => result with { Step = BinaryPrimitives.ReadInt64LittleEndian(value) },
                3 => result with { FileVersion = Encoding.UTF8.GetString(value) },
                5 => result with { Scalars = Summary(value) },
                7 => result with { SessionStatus = Status(value) },
                _ => throw new InvalidDataException($"An event has no field {number}."),
            };
        }

        return result;
    }

    private static ulong Status(byte[] message)
    {
        var (number, value) = Fields(message).Single();
        Require(number == 1, "A session log is more than its status.");
        return BinaryPrimitives.ReadUInt64LittleEndian(value);
    }

    private static Dictionary<string, float> Summary(byte[] message)
    {
        var scalars = new Dictionary<string, float>(StringComparer.Ordinal);
        foreach (var (number, value) in Fields(message))
        {
            Require(number == 1, "A summary holds something but values.");
            string? tag = null;
            float? scalar = null;
            foreach (var (part, content) in Fields(value))
            {
                switch (part)
                {
                    case 1:
                        tag = Encoding.UTF8.GetString(content);
                        break;
                    case 2:
                        scalar = BinaryPrimitives.ReadSingleLittleEndian(content);
                        break;
                    default:
                        throw new InvalidDataException($"A value has field {part}, which is none of a scalar.");
                }
            }

            scalars.Add(tag!, scalar!.Value);
        }

        return scalars;
    }

    /// <summary>The fields of a message; a number of variable length comes as its 8 bytes.</summary>
    private static IEnumerable<(int Number, byte[] Value)> Fields(byte[] message)
    {
        for (int position = 0; position < message.Length;)
        {
            ulong key = Varint(message, ref position);
            byte[] value;
            switch (key & 7)
            {
                case 0:
                    value = BitConverter.GetBytes(Varint(message, ref position));
                    break;
                case 1:
                    value = message[position..(position += 8)];
                    break;
                case 2:
                    int length = (int)Varint(message, ref position);
                    value = message[position..(position += length)];
                    break;
                case 5:
                    value = message[position..(position += 4)];
                    break;
                default:
                    throw new InvalidDataException($"There is no wire type {key & 7}.");
            }

            yield return ((int)(key >> 3), value);
        }
    }

    private static ulong Varint(byte[] message, ref int position)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = message[position++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }

    private static void Require(bool sound, string fault)
    {
        if (!sound)
        {
            throw new InvalidDataException(fault);
        }
    }
}
