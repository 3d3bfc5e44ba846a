using Sere.Data;
using Sere.Evaluation;
using Sere.Numerics;
using Sere.Peers.Novelty;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Peers;

/// <summary>The baseline pca of a comparison is the colleague's detector of benchmarks/peers.</summary>
public sealed class NoveltyPeerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_baseline_pca_scores_as_the_peer_does(bool colour)
    {
        NativeLibraries.EnsureLoaded();
        using var scope = torch.NewDisposeScope();
        ImageSet train = PartsGenerator.GenerateTrain(colour, 40);
        ImageSet scored = ImageSet.Join([PartsGenerator.GenerateTest(colour, 6), PartsGenerator.GenerateDefects(colour, 6)]);
        double[] expected = [.. Detectors.PrincipalComponents(Pixels(train), Pixels(scored)).LargestOfNine.data<double>()];
        double[] found = PrincipalComponentDensity.Fit(train, levels: 256).LargestResidual(scored);
        Assert.Equal(expected, found, (one, other) => Math.Abs(one - other) < 1e-5 * one);
        Assert.True(expected.Max() > 2 * expected.Min());
    }

    private static torch.Tensor Pixels(ImageSet images) => torch.tensor(
        images.Pixels, [images.Count, images.Shape.Channels, images.Shape.Height, images.Shape.Width]).to(torch.float64)
        .Over(255.0);
}
