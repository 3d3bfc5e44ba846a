namespace Sere.Tests.Malformed;

/// <summary>One form of sound file and how it is damaged.</summary>
/// <param name="Name">What a failure calls it.</param>
/// <param name="Sound">The sound content.</param>
/// <param name="Mutate">How it is damaged; <see cref="Mutation.Of"/> if not given.</param>
/// <param name="Wrap">
/// What is done to the damaged content before it is written, such as to pack it, so that damage passes a checksum.
/// </param>
internal sealed record MalformedForm(
    string Name,
    byte[] Sound,
    Func<byte[], Random, byte[]>? Mutate = null,
    Func<byte[], byte[]>? Wrap = null)
{
    public byte[] File() => Wrap is null ? Sound : Wrap(Sound);

    public byte[] DamagedFile(int seed)
    {
        byte[] damaged = (Mutate ?? Mutation.Of)(Sound, new Random(seed));
        return Wrap is null ? damaged : Wrap(damaged);
    }
}
