using System.Buffers.Binary;
using System.IO.Hashing;
using TorchSharp;

namespace Sere.Numerics;

/// <summary>
/// All random streams of one seed. A stream is a function of what it is for and where it is used, never of what was
/// drawn before it, so that batching, prefetching, limits and resuming change no figure.
/// </summary>
/// <param name="Seed">The seed of the run or of the evaluation.</param>
public readonly record struct RandomStreams(long Seed)
{
    /// <summary>
    /// Opens the stream at the given place. The caller disposes the generator. It draws on the CPU, so that a figure
    /// does not depend on the device.
    /// </summary>
    /// <param name="purpose">What the stream is used for.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="index">The training step or the index of the image in its split.</param>
    /// <param name="chunk">The part of the work on one index, such as a block of importance samples.</param>
    /// <param name="rank">The process, where several share the work.</param>
    public torch.Generator Open(StreamPurpose purpose, long epoch = 0, long index = 0, long chunk = 0, long rank = 0) =>
        new(Key(purpose, epoch, index, chunk, rank), torch.CPU);

    /// <summary>
    /// The 64-bit seed of the stream at the given place; see <see cref="Open"/>. TorchSharp's CPU generator takes its
    /// lower 32 bits: among the 10^5 streams of a large evaluation, about one pair is the same stream, which no figure shows.
    /// </summary>
    public ulong Key(StreamPurpose purpose, long epoch = 0, long index = 0, long chunk = 0, long rank = 0)
    {
        Span<byte> place = stackalloc byte[6 * sizeof(long)];
        ReadOnlySpan<long> parts = [Seed, (long)purpose, epoch, index, chunk, rank];
        for (int i = 0; i < parts.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(place[(i * sizeof(long))..], parts[i]);
        }

        return XxHash3.HashToUInt64(place);
    }
}
