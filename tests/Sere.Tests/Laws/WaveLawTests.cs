using Sere.Bijectors;
using Sere.Hierarchies;
using Sere.Networks;
using Sere.Partitions;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>Law 6 for grids: the layers of an anti-diagonal at once are each layer alone, values and gradients.</summary>
/// <remarks>Seen to fail with: the contexts of a wave in the opposite order.</remarks>
public sealed class WaveLawTests
{
    private const double Rounding = 1e-10;
    private const int Batch = 3;
    private const int Samples = 4;
    private const int Latents = 4;

    /// <summary>Couplings (i) and (ii), the bijector, and whether the networks are convolutional.</summary>
    public static TheoryData<bool, bool, string, bool> Settings
    {
        get
        {
            var settings = new TheoryData<bool, bool, string, bool>();
            foreach (bool convolutional in new[] { false, true })
            {
                settings.Add(true, true, "rank-one-affine", convolutional);
                settings.Add(true, true, "diagonal-affine", convolutional);
                settings.Add(true, true, "identity", convolutional);
                settings.Add(false, true, "rank-one-affine", convolutional);
                settings.Add(true, false, "rank-one-affine", convolutional);
                settings.Add(true, true, "inverse-autoregressive", false);
            }

            return settings;
        }
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Waves_at_once_equal_layer_by_layer(bool prior, bool bijector, string kind, bool convolutional)
    {
        using var scope = torch.NewDisposeScope();
        var hierarchy = Build(prior, bijector, kind, convolutional);
        var features = Float64.Normal(331, hierarchy.Layers, Batch, hierarchy.FeatureSize);
        foreach (long[] leading in new long[][] { [Batch], [Samples, Batch] })
        {
            var noise = Float64.Normal(332, [.. leading, hierarchy.TotalLatents]);
            var evidence = hierarchy.Interpret(EvidenceFeatures.OfStack(features));
            var steps = hierarchy.Infer(evidence, noise);
            var (bound, weights) = (hierarchy.Draw(evidence, noise), hierarchy.DrawWeighted(evidence, noise));
            for (int layer = 0; layer < hierarchy.Layers; layer++)
            {
                TensorAssert.Close(steps[layer].Code, bound.Codes[layer], Rounding, $"code {layer}");
                TensorAssert.Close(
                    steps[layer].Kl.expand(leading), bound.Kl[layer].expand(leading), Rounding, $"divergence {layer}");
                TensorAssert.Close(
                    steps[layer].LogPrior - steps[layer].LogPosterior, weights.LogRatios[layer], Rounding, $"log ratio {layer}");
            }

            var weight = Float64.Normal(333, [.. leading, hierarchy.TotalLatents]);
            TensorAssert.SameGradients(
                () => (torch.cat([.. hierarchy.Draw(evidence, noise).Codes], -1) * weight).sum(),
                () => (torch.cat([.. hierarchy.Infer(evidence, noise).Select(step => step.Code)], -1) * weight).sum(),
                [.. hierarchy.parameters().Where(parameter => parameter.requires_grad)],
                Rounding);
        }
    }

    [Fact]
    public void The_waves_of_a_grid_are_its_anti_diagonals_and_those_of_a_chain_its_layers()
    {
        Assert.Equal([[0], [1, 3], [2, 4, 6], [5, 7], [8]], CouplingGraph.Grid(3, 3).Waves());
        Assert.Equal([[0], [1], [2]], CouplingGraph.Chain(3).Waves());
        Assert.Equal([[0, 1, 2]], CouplingGraph.Uncoupled(3).Waves());
    }

    private static SelfReflectiveHierarchy Build(bool prior, bool bijector, string kind, bool convolutional)
    {
        NetworkDesign network = convolutional
            ? new ResidualDesign { Widths = [3], Stride = 1 }
            : new PerceptronDesign([5]);
        var settings = new SelfReflectiveParts([.. Enumerable.Repeat(Latents, 9)], CouplingGraph.Grid(3, 3))
        {
            Coupling = new() { Prior = prior, Bijector = bijector },
            Prior = new() { Network = network },
            Bijector = kind switch
            {
                "rank-one-affine" => new RankOneAffine { Network = network },
                "diagonal-affine" => new DiagonalAffine { Network = network },
                "identity" => new Identity(),
                _ => new InverseAutoregressive { Network = network },
            },
            Grid = convolutional ? new LatentGrid(2, 2) : LatentGrid.None,
        };
        var hierarchy = new SelfReflectiveHierarchy(settings, new ParameterInitializer(330, torch.ScalarType.Float64));
        Parameters.Randomize(hierarchy, 330);
        return hierarchy;
    }
}
