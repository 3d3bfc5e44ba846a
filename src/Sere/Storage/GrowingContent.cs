namespace Sere.Storage;

/// <summary>
/// Reads content whose length is only claimed: memory grows with the bytes that are there until they are a part of the claim
/// that bears it out, and then all that is claimed is made room for once.
/// </summary>
internal static class GrowingContent
{
    private const int FirstBuffer = 1 << 16;
    private const long ProvenPart = 64;

    /// <summary>Reads at most <paramref name="length"/> bytes.</summary>
    /// <param name="stream">Where they come from.</param>
    /// <param name="length">The claimed length.</param>
    /// <returns>The bytes; fewer than claimed where the stream ends early.</returns>
    public static byte[] Read(Stream stream, int length)
    {
        byte[] content = new byte[Math.Min(length, FirstBuffer)];
        int held = 0;
        while (true)
        {
            held += stream.ReadAtLeast(content.AsSpan(held), content.Length - held, throwOnEndOfStream: false);
            if (held < content.Length || held == length)
            {
                Array.Resize(ref content, held);
                return content;
            }

            Array.Resize(ref content, ProvenPart * held >= length ? length : 2 * held);
        }
    }
}
