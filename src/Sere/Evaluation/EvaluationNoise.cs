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
        var noise = torch.empty([samples, images, size], torch.ScalarType.Float32);
        for (int image = 0; image < images; image++)
        {
            using var generator = streams.Open(StreamPurpose.EvaluationNoise, index: firstImage + image, chunk: block);

            // Always a whole block: how many numbers are drawn at once changes which ones come.
            using var draws = torch.randn([BlockSamples, size], generator: generator);
            noise.select(1, image).copy_(draws.narrow(0, 0, samples));
        }

        return noise.to(type).to(device).MoveToOuterDisposeScope();
    }
}
