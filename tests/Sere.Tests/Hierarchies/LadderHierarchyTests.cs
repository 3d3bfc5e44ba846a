using Sere.Distributions;
using Sere.Hierarchies;
using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Hierarchies;

public sealed class LadderHierarchyTests
{
    private const int Batch = 4;
    private static readonly int[] Latents = [1, 2, 3];

    [Fact]
    public void Below_the_top_the_posterior_merges_prior_and_evidence_by_their_precisions()
    {
        using var scope = torch.NewDisposeScope();
        using var ladder = Create();
        var evidence = ladder.Interpret(Features());
        var steps = ladder.Infer(evidence, Float64.Normal(5, Batch, 6)).Cast<NormalLatentStep>().ToArray();
        for (int layer = 0; layer < 3; layer++)
        {
            var said = ((GaussianEvidence)evidence[layer]).Normal;
            var expected = layer == 0 ? said : PrecisionWeightedNormal.Merge(said, steps[layer].Prior);
            TensorAssert.Close(expected.Mean, steps[layer].Posterior!.Mean, 1e-14, "mean");
            TensorAssert.Close(expected.LogScale, steps[layer].Posterior!.LogScale, 1e-14, "log-scale");
            TensorAssert.Close(expected.KullbackLeibler(steps[layer].Prior), steps[layer].Kl, 1e-12, "divergence");
        }
    }

    [Fact]
    public void The_encoder_reaches_the_top_layer_last()
    {
        using var scope = torch.NewDisposeScope();
        var encoder = new BottomUpEncoder(
            5, [3, 4, 6], 1, [2, 4, 6], Activation.Tanh, new ParameterInitializer(1, torch.ScalarType.Float64));
        encoder.eval();
        var features = encoder.Encode(Float64.Normal(1, Batch, 5));
        Assert.Null(features.Stack);
        Assert.Equal([2L, 4L, 6L], features.Layers.Select(layer => layer.shape[1]));

        // The head of the bottom layer sees only the body of its own.
        features.Layers[2].sum().backward();
        string[] reached =
        [
            .. encoder.named_parameters().Where(entry => entry.parameter.grad?.any().item<bool>() == true
                && entry.name.StartsWith("body", StringComparison.Ordinal)).Select(entry => entry.name[..5]).Distinct(),
        ];
        Assert.Equal(["body2"], reached);
    }

    [Fact]
    public void Features_of_another_shape_are_refused()
    {
        using var scope = torch.NewDisposeScope();
        using var ladder = Create();
        var error = Assert.Throws<ArgumentException>(
            () => ladder.Interpret(EvidenceFeatures.OfLayers([torch.zeros(2, 2), torch.zeros(2, 5), torch.zeros(2, 6)])));
        Assert.Contains("[B, 2] and [B, 4] and [B, 6], not [2, 2] and [2, 5] and [2, 6]", error.Message, StringComparison.Ordinal);
    }

    private static EvidenceFeatures Features() => EvidenceFeatures.OfLayers(
        [.. Latents.Select((size, layer) => Float64.Normal(10 + layer, Batch, 2 * size))]);

    private static LadderHierarchy Create()
    {
        var ladder = new LadderHierarchy(
            Latents,
            [3, 4, 5],
            hiddenLayers: 2,
            Activation.LeakyRelu,
            meanBound: 5,
            SmoothInterval.OfLogScale(Math.Exp(-4), Math.Exp(2), start: 1),
            new ParameterInitializer(1, torch.ScalarType.Float64));
        Parameters.Randomize(ladder, 2);
        ladder.eval();
        return ladder;
    }
}
