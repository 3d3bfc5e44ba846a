using Sere.Bijectors;
using Sere.Data;
using Sere.Distributions;
using Sere.Hierarchies;
using Sere.Kernels;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using Sere.Numerics;
using Sere.Partitions;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Likelihoods;

/// <summary>A flow as the data side of a variational model: SeRe-MAF in small.</summary>
/// <remarks>Seen to fail with: every layer on the code of the first.</remarks>
public sealed class FlowLikelihoodTests
{
    private const int Pixels = 4;
    private const int Latents = 2;
    private const int Layers = 2;

    [Theory]
    [InlineData(FlowBaseKind.Standard)]
    [InlineData(FlowBaseKind.UnitRank)]
    public void Every_code_changes_the_density_of_every_pixel(FlowBaseKind flowBase)
    {
        using var scope = torch.NewDisposeScope();
        using var model = Create(flowBase);
        var uniform = Float64.Uniform(2, 1, Pixels);
        var other = Float64.Normal(3, 1, Latents);
        for (int layer = 0; layer < Layers; layer++)
        {
            var jacobian = Derivatives.Jacobian(
                code => model.Likelihood.Generate(layer == 0 ? [code, other] : [other, code], uniform).Values,
                Float64.Normal(4, 1, Latents));
            Assert.True(jacobian.IsNotEqualTo(0).all().item<bool>());
        }
    }

    [Fact]
    public void Several_samples_of_an_image_are_scored_as_one_by_one()
    {
        using var scope = torch.NewDisposeScope();
        using var model = Create(FlowBaseKind.UnitRank);
        var x = Float64.Uniform(1, 3, Pixels);
        var codes = new[] { Float64.Normal(5, 6, 3, Latents), Float64.Normal(6, 6, 3, Latents) };
        var together = model.Likelihood.LogProb(codes, model.Likelihood.Prepare(x));
        TensorAssert.Shape([6, 3], together, "log-likelihood");
        for (int sample = 0; sample < 6; sample++)
        {
            TensorAssert.Close(
                model.Likelihood.LogProb([codes[0][sample], codes[1][sample]], model.Likelihood.Prepare(x)),
                together[sample],
                1e-9,
                "log-likelihood");
        }
    }

    [Fact]
    public void The_model_says_its_space_and_gives_its_bound_gradients()
    {
        using var scope = torch.NewDisposeScope();
        using var model = Create(FlowBaseKind.UnitRank);
        Assert.Equal("logit", model.Space);
        Assert.True(model.IsBound);
        var elbo = model.Elbo(model.Encode(Float64.Uniform(1, 3, Pixels)), Float64.Normal(7, 3, model.NoiseSize)).Elbo;
        elbo.mean().backward();
        foreach (var (name, parameter) in model.named_parameters())
        {
            Assert.True(parameter.grad?.isfinite().all().item<bool>() ?? false, name);
        }
    }

    [Fact]
    public void A_draw_of_the_whole_image_is_not_teacher_forced()
    {
        using var scope = torch.NewDisposeScope();
        using var model = Create(FlowBaseKind.Diagonal);
        var x = Float64.Uniform(1, 1, Pixels);
        var codes = new[] { Float64.Normal(5, 1, Latents), Float64.Normal(6, 1, Latents) };
        Assert.Throws<SereException>(() => model.Likelihood.TeacherForced(codes, x));
    }

    private static DensityModel Create(FlowBaseKind flowBase)
    {
        var network = new PerceptronDesign { Hidden = [6], Activation = Activation.Tanh };
        return new VariationalAutoencoder
        {
            Layers = Layers,
            Latents = new LayerSizes(Latents),
            Partition = new Whole(),
            Coupling = new CouplingChoice { Data = false },
            Bijector = new SplineCoupling { Network = network },
            Data = new FlowData
            {
                Network = network,
                Base = flowBase,
                Flow = new MaskedAutoregressiveFlow { Network = network, Steps = 2 },
                Preprocessing = new Logit(),
            },
        }.Build(new ImageShape(1, 1, Pixels), seed: 1, torch.ScalarType.Float64);
    }
}
