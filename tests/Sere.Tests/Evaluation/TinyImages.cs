using Sere.Data;

namespace Sere.Tests.Evaluation;

/// <summary>Random grey images of four pixels, for the tiny models of the laws.</summary>
internal static class TinyImages
{
    public static ImageSet Create(int count)
    {
        byte[] pixels = new byte[4 * count];
        new Random(81).NextBytes(pixels);
        return new ImageSet(new ImageShape(1, 2, 2), pixels);
    }
}
