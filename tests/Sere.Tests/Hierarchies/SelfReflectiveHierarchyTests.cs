using Sere.Hierarchies;
using Sere.Networks;
using Sere.Numerics;
using Sere.Partitions;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Hierarchies;

public sealed class SelfReflectiveHierarchyTests
{
    private static readonly int[] Latents = [2, 3, 1];

    [Fact]
    public void The_residual_scale_is_at_most_one_and_starts_at_its_setting()
    {
        using var hierarchy = Build(new SelfReflectiveParts(Latents, CouplingGraph.Chain(3)) { Posterior = new() { InitialScale = 0.9 } });
        var features = torch.linspace(-40, 40, 3 * 4 * hierarchy.FeatureSize, torch.ScalarType.Float64)
            .view(3, 4, hierarchy.FeatureSize);
        foreach (var residuals in Residuals(hierarchy, features))
        {
            Assert.True(residuals.LogScale.max().item<double>() <= 0);
            Assert.True(residuals.LogScale.isfinite().all().item<bool>());
        }

        var start = Residuals(hierarchy, torch.zeros_like(features));
        Assert.Equal(Math.Log(0.9), start[0].LogScale[0, 0].item<double>(), 1e-12);
    }

    [Fact]
    public void Layers_have_their_own_sizes()
    {
        using var hierarchy = Build(new SelfReflectiveParts(Latents, CouplingGraph.Chain(3)));
        var evidence = Residuals(hierarchy, torch.zeros([3, 4, hierarchy.FeatureSize], torch.ScalarType.Float64));
        var steps = hierarchy.Infer(evidence, torch.zeros([4, hierarchy.TotalLatents], torch.ScalarType.Float64));
        Assert.Equal(Latents, steps.Select(step => (int)step.Code.shape[^1]));
        Assert.Equal(Latents, evidence.Select(residuals => (int)residuals.Mean.shape[^1]));
    }

    [Theory]
    [InlineData(true, true, true, false, true)]
    [InlineData(true, false, true, false, false)]
    [InlineData(false, true, false, true, true)]
    [InlineData(false, false, false, false, false)]
    public void Each_latent_coupling_brings_its_own_networks(
        bool prior, bool bijector, bool priorNetwork, bool posteriorNetwork, bool bijectorNetwork)
    {
        using var hierarchy = Build(new SelfReflectiveParts(Latents, CouplingGraph.Chain(3))
        {
            Coupling = new() { Prior = prior, Bijector = bijector },
        });
        string[] names = [.. hierarchy.named_parameters().Select(parameter => parameter.name)];
        Assert.Equal(priorNetwork, names.Any(name => name.StartsWith("layer1.prior.", StringComparison.Ordinal)));
        Assert.Equal(posteriorNetwork, names.Any(name => name.StartsWith("layer1.posterior.", StringComparison.Ordinal)));
        Assert.Equal(bijectorNetwork, names.Contains("layer1.bijector.parameters.network.weight0", StringComparer.Ordinal));

        // The first layer has no parent: constants in f_1, and N(0, I) as its prior.
        Assert.DoesNotContain(names, name => name.StartsWith("layer0.prior", StringComparison.Ordinal));
        Assert.Contains("layer0.bijector.parameters.constant", names);
    }

    [Fact]
    public void A_coupled_prior_moves_with_the_code_above_and_an_uncoupled_one_does_not()
    {
        foreach (bool couple in (bool[])[true, false])
        {
            using var hierarchy = Build(new SelfReflectiveParts(Latents, CouplingGraph.Chain(3)) { Coupling = new() { Prior = couple } });
            var noise = torch.zeros([1, 3], torch.ScalarType.Float64);
            var codes = TensorArithmetic.Full([1, 2], 1, torch.ScalarType.Float64);
            var low = hierarchy.Step(1, Draws.Steps(-codes), new LatentSource.Prior(noise));
            var high = hierarchy.Step(1, Draws.Steps(codes), new LatentSource.Prior(noise));
            double moved = (Prior(low) - Prior(high)).abs().max().item<double>();
            Assert.Equal(couple, moved > 1e-6);
        }
    }

    [Fact]
    public void A_lower_temperature_draws_nearer_to_the_mean()
    {
        using var hierarchy = Build(new SelfReflectiveParts(Latents, CouplingGraph.Chain(3)));
        var noise = torch.ones([1, 6], torch.ScalarType.Float64);
        var cold = hierarchy.Generate(noise, temperature: 0.5);
        Assert.Equal(0.5, cold[0].BaseLatent[0, 0].item<double>(), 1e-12);
        Assert.Equal(1.0, hierarchy.Generate(noise)[0].BaseLatent[0, 0].item<double>(), 1e-12);
    }

    private static torch.Tensor Prior(LatentStep step) => ((NormalLatentStep)step).Prior.Mean;

    private static EvidenceResiduals[] Residuals(SelfReflectiveHierarchy hierarchy, torch.Tensor features) =>
        [.. hierarchy.Interpret(EvidenceFeatures.OfStack(features)).Cast<EvidenceResiduals>()];

    private static SelfReflectiveHierarchy Build(SelfReflectiveParts settings) =>
        new(settings, new ParameterInitializer(1, torch.ScalarType.Float64));
}
