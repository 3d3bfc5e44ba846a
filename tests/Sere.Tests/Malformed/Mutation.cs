using System.Buffers.Binary;
using System.Text;

namespace Sere.Tests.Malformed;

/// <summary>Small seeded damage to the bytes of a file.</summary>
internal static class Mutation
{
    // Characters that turn one text into another are worth more than random bytes, and so are the ends of the ranges.
    private static readonly byte[] Likely = [.. "0123456789{}[](),:'\"-.eEFIUBTL\\ \n"u8, 0, 1, 0x7F, 0x80, 0xFF];
    private static readonly uint[] Extreme =
    [
        0, 1, 2, 0x7F, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x10000, 0xFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF,
    ];

    private static readonly string[] Numbers =
    [
        "0", "1", "255", "1000000", "100000000", "2147483647", "4294967296", "9223372036854775807",
        "99999999999999999999", "-1", "1e9",
    ];

    /// <summary>A copy with one to three changes: of bytes, bits, sizes, pieces and the length.</summary>
    public static byte[] Of(byte[] sound, Random random)
    {
        List<byte> file = [.. sound];
        for (int change = Changes(random); change > 0 && file.Count > 0; change--)
        {
            Change(file, random);
        }

        return [.. file];
    }

    /// <summary>How many changes are made: mostly one, since each further one hides what the others would show.</summary>
    public static int Changes(Random random) => Math.Max(random.Next(-2, 4), 1);

    private static void Change(List<byte> file, Random random)
    {
        // The heads of files hold what readers believe: some of the changes are kept for them.
        int place = random.Next(random.Next(4) > 0 ? file.Count : Math.Min(file.Count, 128));
        byte value = random.Next(2) == 0 ? Likely[random.Next(Likely.Length)] : (byte)random.Next(256);
        switch (random.Next(14))
        {
            case 0:
                file.Insert(place, value);
                break;
            case 1:
                file.RemoveAt(place);
                break;
            case 2:
                file.RemoveRange(place, Math.Min(file.Count - place, random.Next(1, 30)));
                break;
            case 3:
                file.InsertRange(place, file.GetRange(place, Math.Min(file.Count - place, random.Next(1, 60))));
                break;
            case 4:
                file.RemoveRange(place, file.Count - place);
                break;
            case 5:
                file.AddRange(file.GetRange(place, Math.Min(file.Count - place, random.Next(1, 60))));
                break;
            case 6:
                file[place] ^= (byte)(1 << random.Next(8));
                break;
            case 7 or 8:
                Overwrite(file, place, random);
                break;
            case 9:
                ReplaceNumber(file, place, random);
                break;
            default:
                file[place] = value;
                break;
        }
    }

    /// <summary>Puts another number in place of the next one that is written in digits.</summary>
    private static void ReplaceNumber(List<byte> file, int place, Random random)
    {
        int start = file.FindIndex(place, value => char.IsAsciiDigit((char)value));
        if (start < 0)
        {
            return;
        }

        int end = start;
        while (end < file.Count && char.IsAsciiDigit((char)file[end]))
        {
            end++;
        }

        file.RemoveRange(start, end - start);
        file.InsertRange(start, Encoding.ASCII.GetBytes(Numbers[random.Next(Numbers.Length)]));
    }

    private static void Overwrite(List<byte> file, int place, Random random)
    {
        byte[] bytes = new byte[sizeof(uint)];
        uint value = Extreme[random.Next(Extreme.Length)];
        if (random.Next(2) == 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        }

        for (int i = 0; i < bytes.Length && place + i < file.Count; i++)
        {
            file[place + i] = bytes[i];
        }
    }
}
