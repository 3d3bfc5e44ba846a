using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// Latent noise of evaluated images: image i and block b of its importance samples have a stream of their own, so that
/// sample k of image i is the same whatever the batch, the limit, the chunk or K.
/// </summary>
internal static class EvaluationNoise
{
    /// <summary>Samples in a block. Part of every published figure: never change it.</summary>
    public const int BlockSamples = 100;

    private const int Group = 16;

    /// <summary>The first <paramref name="samples"/> draws of block <paramref name="block"/>: [samples, B, size].</summary>
    public static torch.Tensor Block(
        RandomStreams streams,
        long firstImage,
        int images,
        int block,
        int samples,
        int size,
        torch.ScalarType type,
        torch.Device device)
    {
        using var scope = torch.NewDisposeScope();
        long used = (long)samples * size;
        long numbers = NumbersToDraw(used, (long)BlockSamples * size);
        var noise = torch.empty([samples, images, size], torch.ScalarType.Float32);
        for (int image = 0; image < images; image++)
        {
            using var generator = streams.Open(StreamPurpose.EvaluationNoise, index: firstImage + image, chunk: block);

            using var draws = torch.randn(numbers, generator: generator);
            noise.select(1, image).copy_(draws.narrow(0, 0, used).view(samples, size));
        }

        return noise.to(type).to(device).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// How many numbers begin with the first ones of a whole block. libtorch makes normal numbers of uniform ones sixteen at
    /// a time, in place, and the last sixteen of a draw from new ones where their number is no multiple of sixteen.
    /// </summary>
    private static long NumbersToDraw(long used, long block)
    {
        long whole = (used + Group - 1) / Group * Group;
        return whole <= block - Group ? whole : block;
    }
}
