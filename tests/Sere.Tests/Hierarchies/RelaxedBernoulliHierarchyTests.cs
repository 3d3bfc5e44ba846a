using Sere.Hierarchies;
using Sere.Networks;
using Sere.Numerics;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Hierarchies;

/// <summary>Binary latents and their relaxation.</summary>
/// <remarks>Seen to fail with: the posterior's temperature for the prior's.</remarks>
public sealed class RelaxedBernoulliHierarchyTests
{
    private const int Batch = 3;
    private const int Latents = 4;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_draw_has_the_densities_that_it_is_given_back_with(bool training)
    {
        using var scope = torch.NewDisposeScope();
        using var hierarchy = Create(training);
        var evidence = hierarchy.Interpret(Features());
        var drawn = hierarchy.Infer(evidence, Float64.Normal(5, 2, Batch, Latents))[0];
        var given = hierarchy.Step(0, [], new LatentSource.Given(drawn.BaseLatent, evidence[0]));
        TensorAssert.Close(drawn.LogPosterior, given.LogPosterior, 1e-11, "log q");
        TensorAssert.Close(drawn.LogPrior, given.LogPrior, 1e-13, "log p");
        TensorAssert.Close(drawn.Code, given.Code, 1e-13, "code");
        TensorAssert.Close(drawn.LogPosterior - drawn.LogPrior, drawn.Kl, 1e-11, "divergence");
    }

    [Fact]
    public void In_evaluation_codes_are_binary_and_their_masses_sum_to_one()
    {
        using var scope = torch.NewDisposeScope();
        using var hierarchy = Create(training: false);
        var evidence = hierarchy.Interpret(Features());
        var code = hierarchy.Infer(evidence, Float64.Normal(5, 100, Batch, Latents))[0].Code;
        Assert.True((code * (-code).Plus(1)).abs().max().item<double>() == 0);

        var all = Float64.BinaryVectors(Latents).unsqueeze(1);
        var step = hierarchy.Step(0, [], new LatentSource.Given(all, evidence[0]));
        var one = torch.ones(Batch, torch.ScalarType.Float64);
        TensorAssert.Close(one, step.LogPosterior.exp().sum([0]), 1e-12, "posterior");
        TensorAssert.Close(one[0], step.LogPrior.exp().sum(), 1e-12, "prior");
    }

    [Fact]
    public void In_training_codes_are_relaxed_and_carry_gradients_to_every_parameter()
    {
        using var scope = torch.NewDisposeScope();
        using var hierarchy = Create(training: true);
        var step = hierarchy.Infer(hierarchy.Interpret(Features()), Float64.Normal(5, Batch, Latents))[0];
        Assert.True(step.Code.IsAbove(0).logical_and(step.Code.IsBelow(1)).all().item<bool>());
        step.Code.Square().sum().Plus(step.Kl.sum()).backward();
        foreach (var (name, parameter) in hierarchy.named_parameters())
        {
            Assert.True(parameter.grad?.any().item<bool>(), name);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_prior_makes_of_its_noise_what_the_noise_was_read_off(bool training)
    {
        using var scope = torch.NewDisposeScope();
        using var hierarchy = Create(training);
        var step = hierarchy.Generate(Float64.Normal(6, Batch, Latents))[0];
        TensorAssert.Close(step.Code, hierarchy.Generate(step.PriorNoise)[0].Code, 1e-9, "code");
    }

    [Fact]
    public void In_training_prior_and_posterior_are_relaxed_by_temperatures_of_their_own()
    {
        using var scope = torch.NewDisposeScope();
        using var hierarchy = Create(training: true);
        var latent = Float64.Normal(7, Batch, Latents).Times(3);
        var evidence = hierarchy.Interpret(Features())[0];
        var step = hierarchy.Step(0, [], new LatentSource.Given(latent, evidence));

        // Maddison et al. (2017), in logit space: log t + t y - 2 log(1 + e^(t y)) for a fair coin.
        var scaled = latent.Times(0.5);
        var expected = (scaled - scaled.exp().log1p().Times(2)).Plus(Math.Log(0.5)).sum([-1]);
        TensorAssert.Close(expected, step.LogPrior, 1e-12, "prior");

        // Far from its middle a density falls by its temperature for each unit, whatever the logits.
        torch.Tensor LogPosterior(double last)
        {
            var far = latent.clone();
            far.select(-1, Latents - 1).FillInPlace(last);
            return hierarchy.Step(0, [], new LatentSource.Given(far, evidence)).LogPosterior;
        }

        TensorAssert.Close(
            TensorArithmetic.Full([Batch], -2.0 / 3, torch.ScalarType.Float64),
            LogPosterior(101) - LogPosterior(100),
            1e-9,
            "posterior");
    }

    private static EvidenceFeatures Features() => EvidenceFeatures.OfStack(Float64.Normal(3, 1, Batch, 2));

    private static RelaxedBernoulliHierarchy Create(bool training)
    {
        var hierarchy = new RelaxedBernoulliHierarchy(
            Latents, 2, new PerceptronDesign([6]), 2.0 / 3, 0.5, new ParameterInitializer(1, torch.ScalarType.Float64));
        Parameters.Randomize(hierarchy, 2);
        hierarchy.train(training);
        return hierarchy;
    }
}
