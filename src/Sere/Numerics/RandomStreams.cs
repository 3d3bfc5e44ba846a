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

/// <summary>What a random stream is used for. The numbers are part of every figure: never renumber them.</summary>
public enum StreamPurpose
{
    /// <summary>The initial values of a model's parameters.</summary>
    Initialization = 1,

    /// <summary>The order of the training images in an epoch.</summary>
    Shuffle = 2,

    /// <summary>Binary training images drawn from grey values, anew in each epoch.</summary>
    TrainingBinarization = 3,

    /// <summary>Latent noise of a training step.</summary>
    TrainingNoise = 4,

    /// <summary>Binary evaluation images drawn from grey values, one draw per image.</summary>
    EvaluationBinarization = 5,

    /// <summary>Latent noise of the importance samples of an evaluated image.</summary>
    EvaluationNoise = 6,

    /// <summary>Latent noise of a generated image.</summary>
    SampleLatents = 7,

    /// <summary>Noise of the data distribution of a generated image.</summary>
    SampleData = 8,

    /// <summary>How a data set is split into training, validation and test images.</summary>
    Split = 9,

    /// <summary>The batch that a data-dependent start of a model sees, and its latent noise.</summary>
    Start = 10,

    /// <summary>Which images of a training step are mirrored.</summary>
    TrainingFlips = 11,

    /// <summary>How the Monte-Carlo error of an importance-weighted bound is drawn.</summary>
    MonteCarloError = 12,

    /// <summary>Posterior draws by which an image is examined, the same for every image.</summary>
    Examination = 13,

    /// <summary>Which figures an interval is drawn anew from.</summary>
    Bootstrap = 14,
}

/// <summary>Standard logistic noise of standard normal noise, and back: each a monotone map of the other.</summary>
internal static class LogisticNoise
{
    /// <summary>log(Phi(x) / (1 - Phi(x))), the logistic number of the same rank.</summary>
    public static torch.Tensor OfNormal(torch.Tensor noise)
    {
        // The tail has digits that 1 less the tail has not.
        var tail = torch.special.erfc(noise.abs().Times(Math.Sqrt(0.5))).Times(0.5);
        return noise.sign() * ((-tail).log1p() - tail.log());
    }

    /// <summary>The normal number of the same rank, up to the rounding of the tails.</summary>
    public static torch.Tensor ToNormal(torch.Tensor logistic)
    {
        // 1 - 2 sigmoid(-|y|) = tanh(|y| / 2).
        double largest = logistic.dtype == torch.ScalarType.Float64 ? 1 - 1e-15 : 1 - 1e-7;
        return logistic.Times(0.5).tanh().Clamp(-largest, largest).erfinv().Times(Math.Sqrt(2));
    }
}
