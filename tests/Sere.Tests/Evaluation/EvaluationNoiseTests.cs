using Sere.Evaluation;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Evaluation;

public sealed class EvaluationNoiseTests
{
    private static readonly RandomStreams Streams = new(5);

    // Shown to fail: with streams numbered within the batch.
    [Fact]
    public void An_image_has_the_same_noise_whatever_batch_it_is_in()
    {
        using var scope = torch.NewDisposeScope();
        var all = Draw(0, 9);
        Assert.Equal(Values(all.narrow(1, 4, 3)), Values(Draw(4, 3)));
        Assert.Equal(Values(all.narrow(1, 8, 1)), Values(Draw(8, 1)));
    }

    // Shown to fail: when no more than the asked samples of a block are drawn.
    [Fact]
    public void Fewer_samples_are_the_first_of_more()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Equal(Values(Draw(2, 3).narrow(0, 0, 7)), Values(Draw(2, 3, samples: 7)));
    }

    [Fact]
    public void Images_blocks_samples_and_seeds_differ()
    {
        using var scope = torch.NewDisposeScope();
        var noise = Draw(0, 2);
        Assert.NotEqual(noise[0, 0, 0].item<float>(), noise[0, 1, 0].item<float>());
        Assert.NotEqual(noise[0, 0, 0].item<float>(), noise[1, 0, 0].item<float>());
        Assert.NotEqual(noise[0, 0, 0].item<float>(), Draw(0, 2, block: 1)[0, 0, 0].item<float>());
        var other = EvaluationNoise.Block(new RandomStreams(6), 0, 2, 0, 1, 3, torch.ScalarType.Float32, torch.CPU);
        Assert.NotEqual(noise[0, 0, 0].item<float>(), other[0, 0, 0].item<float>());
    }

    // At four standard errors, of 30,000 numbers: by chance one seed in 8,000 would fail.
    [Fact]
    public void It_is_standard_normal()
    {
        using var scope = torch.NewDisposeScope();
        var noise = Draw(0, 100).to(torch.ScalarType.Float64);
        double count = noise.numel();
        Assert.Equal(0, noise.mean().item<double>(), 4 / Math.Sqrt(count));
        Assert.Equal(1, noise.square().mean().item<double>(), 4 * Math.Sqrt(2 / count));
    }

    private static torch.Tensor Draw(long first, int images, int block = 0, int samples = EvaluationNoise.BlockSamples) =>
        EvaluationNoise.Block(Streams, first, images, block, samples, 3, torch.ScalarType.Float32, torch.CPU);

    private static float[] Values(torch.Tensor x) => [.. x.contiguous().data<float>()];
}
