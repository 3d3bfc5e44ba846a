namespace Sere.Tests.Storage;

/// <summary>Small seeded damage to the bytes of a file.</summary>
internal static class Mutation
{
    // Characters that turn one JSON text into another are worth more than random bytes.
    private static readonly byte[] Likely = [.. "0123456789{}[],:\"-.eEFIUB\\ "u8];

    public static byte[] Of(byte[] sound, Random random)
    {
        List<byte> file = [.. sound];
        for (int change = random.Next(1, 4); change > 0 && file.Count > 0; change--)
        {
            int place = random.Next(file.Count);
            byte value = random.Next(2) == 0 ? Likely[random.Next(Likely.Length)] : (byte)random.Next(256);
            switch (random.Next(8))
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
                default:
                    file[place] = value;
                    break;
            }
        }

        return [.. file];
    }
}
