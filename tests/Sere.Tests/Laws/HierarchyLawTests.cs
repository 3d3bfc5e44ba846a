using Sere.Bijectors;
using Sere.Distributions;
using Sere.Hierarchies;
using Sere.Networks;
using Sere.Partitions;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>
/// Laws 2 and 6 for the latent side, with each coupling on and off: the divergence that a step reports is that of its own
/// posterior and prior, and K samples of a batch are each sample alone.
/// </summary>
/// <remarks>
/// Seen to fail with: eq. 10 for the additive residual, and for a posterior with a base of its own; eq. 10 without its -1/2;
/// the posterior's base in place of the prior; the first code or the last in place of the parent's.
/// </remarks>
public sealed class HierarchyLawTests
{
    private const int Batch = 3;
    private const int Samples = 4;
    private const double Rounding = 1e-10;
    private static readonly int[] Latents = [3, 2, 3];

    /// <summary>Couplings (i) and (ii), the residual, and the parents of the last layer.</summary>
    public static TheoryData<bool, bool, PosteriorResidual, int[]> Settings
    {
        get
        {
            var settings = new TheoryData<bool, bool, PosteriorResidual, int[]>();
            foreach (bool prior in new[] { false, true })
            {
                foreach (bool bijector in new[] { false, true })
                {
                    foreach (var residual in Enum.GetValues<PosteriorResidual>())
                    {
                        settings.Add(prior, bijector, residual, [1]);
                        settings.Add(prior, bijector, residual, [0]);
                        settings.Add(prior, bijector, residual, [0, 1]);
                    }
                }
            }

            return settings;
        }
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Each_step_reports_the_divergence_of_its_posterior_from_its_prior(
        bool prior, bool bijector, PosteriorResidual residual, int[] parents)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var hierarchy = Build(prior, bijector, residual, parents);
        var codes = new List<torch.Tensor>();
        foreach (var (layer, step) in hierarchy.Infer(Evidence(hierarchy), Noise(hierarchy, Samples, Batch))
            .Cast<NormalLatentStep>().Index())
        {
            long[] shape = [Samples, Batch, Latents[layer]];
            TensorAssert.Close(
                step.Posterior!.KullbackLeiblerPerDimension(step.Prior).expand(shape),
                step.KlPerDimension.expand(shape),
                1e-12,
                "divergence");
            TensorAssert.Shape(shape, step.Code, "code");
            TensorAssert.Close(step.KlPerDimension.sum(-1), step.Kl, 1e-14, "divergence of the layer");
            TensorAssert.Close(step.Prior.LogProb(step.BaseLatent), step.LogPrior, 1e-14, "log prior");
            TensorAssert.Close(step.Posterior.LogProb(step.BaseLatent), step.LogPosterior, 1e-14, "log posterior");
            TensorAssert.Close(
                hierarchy.BindBijector(layer, codes).Forward(step.BaseLatent).Value, step.Code, 1e-12, "code");
            codes.Add(step.Code);
        }
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void K_samples_at_once_equal_each_sample_alone(
        bool prior, bool bijector, PosteriorResidual residual, int[] parents)
    {
        using var scope = torch.NewDisposeScope();
        var hierarchy = Build(prior, bijector, residual, parents);
        var noise = Noise(hierarchy, Samples, Batch);
        torch.Tensor AtOnce() => Everything(hierarchy.Infer(Evidence(hierarchy), noise), [Samples, Batch]);
        torch.Tensor OneByOne() => torch.stack([.. noise.unbind(0).Select(one =>
            Everything(hierarchy.Infer(Evidence(hierarchy), one), [Batch]))]);

        TensorAssert.Close(OneByOne(), AtOnce(), Rounding, "steps");
        var weights = Float64.Normal(250, OneByOne().shape);
        TensorAssert.SameGradients(
            () => (AtOnce() * weights).sum(), () => (OneByOne() * weights).sum(), [.. hierarchy.parameters()], Rounding);
    }

    /// <summary>What Proposition 1 needs: a latent has one code, whoever gave it.</summary>
    [Theory]
    [MemberData(nameof(Settings))]
    public void Prior_and_posterior_share_the_bijector(bool prior, bool bijector, PosteriorResidual residual, int[] parents)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var hierarchy = Build(prior, bijector, residual, parents);
        var inferred = hierarchy.Infer(Evidence(hierarchy), Noise(hierarchy, Batch));
        var generated = hierarchy.Walk(layer => new LatentSource.Given(inferred[layer].BaseLatent, null));
        for (int layer = 0; layer < Latents.Length; layer++)
        {
            TensorAssert.Close(inferred[layer].Code, generated[layer].Code, 0, $"code {layer}");
        }
    }

    /// <summary>What a posterior has drawn is what it says of a given latent.</summary>
    [Theory]
    [MemberData(nameof(Settings))]
    public void A_given_latent_has_the_densities_that_it_was_drawn_with(
        bool prior, bool bijector, PosteriorResidual residual, int[] parents)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var hierarchy = Build(prior, bijector, residual, parents);
        var evidence = Evidence(hierarchy);
        var drawn = hierarchy.Infer(evidence, Noise(hierarchy, Batch));
        var given = hierarchy.Walk(layer => new LatentSource.Given(drawn[layer].BaseLatent, evidence[layer]));
        TensorAssert.Close(Everything(drawn, [Batch]), Everything(given, [Batch]), 1e-13, "steps");
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void A_layer_depends_on_the_codes_of_its_parents_alone(
        bool prior, bool bijector, PosteriorResidual residual, int[] parents)
    {
        using var scope = torch.NewDisposeScope();
        var hierarchy = Build(prior, bijector, residual, parents);
        torch.Tensor[] codes = [.. Latents[..2].Select(size => Float64.Leaf(Float64.Normal(270 + size, Batch, size)))];
        var noise = Float64.Normal(272, Batch, Latents[2]);
        var step = hierarchy.Step(2, Draws.Steps(codes), new LatentSource.Posterior(Evidence(hierarchy)[2], noise));

        // A weighted sum: no gradient of it vanishes by symmetry.
        (step.Code * Float64.Normal(273, Batch, Latents[2])).sum().backward();
        Assert.Equal(
            bijector || (prior && residual != PosteriorResidual.Free) ? parents : [],
            codes.Index().Where(code => code.Item.grad?.any().item<bool>() == true).Select(code => code.Index));
    }

    private static SelfReflectiveHierarchy Build(bool prior, bool bijector, PosteriorResidual residual, int[] parents)
    {
        var settings = new SelfReflectiveParts(Latents, new CouplingGraph([[], [0], parents]))
        {
            Coupling = new() { Prior = prior, Bijector = bijector },
            Posterior = new() { Residual = residual },
            Prior = new() { Network = new PerceptronDesign([4]) },
            Bijector = new RankOneAffine { Network = new PerceptronDesign([4]) },
        };
        var hierarchy = new SelfReflectiveHierarchy(settings, new ParameterInitializer(250, torch.ScalarType.Float64));
        Parameters.Randomize(hierarchy, 251);
        return hierarchy;
    }

    private static IReadOnlyList<LayerEvidence> Evidence(SelfReflectiveHierarchy hierarchy) =>
        hierarchy.Interpret(
            EvidenceFeatures.OfStack(Float64.Normal(260, hierarchy.Layers, Batch, hierarchy.FeatureSize)));

    private static torch.Tensor Noise(SelfReflectiveHierarchy hierarchy, params long[] leading) =>
        Float64.Normal(261, [.. leading, hierarchy.TotalLatents]);

    /// <summary>All that the steps say, side by side: [..., numbers].</summary>
    private static torch.Tensor Everything(IReadOnlyList<LatentStep> steps, long[] leading) => torch.cat(
        [
            .. steps.Select(step => torch.cat(
                [
                    step.Code,
                    step.BaseLatent,
                    step.KlPerDimension.expand([.. leading, -1]),
                    step.LogPrior.unsqueeze(-1),
                    step.LogPosterior.unsqueeze(-1),
                ],
                -1)),
        ],
        -1);
}
