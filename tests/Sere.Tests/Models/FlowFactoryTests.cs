using Sere.Bijectors;
using Sere.Data;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using Sere.Numerics;
using Sere.Partitions;
using Sere.Runs;
using Sere.Tests.Networks;
using Sere.Tests.Training;
using Sere.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Models;

/// <summary>What a configuration says of a flow is what is built, and what of it goes into checkpoints.</summary>
/// <remarks>
/// Seen to fail with: every step numbered 0 in either kind of flow, the normalization of the logits not passed on, axes that
/// are not fitted before the first step, and axes that are averaged.
/// </remarks>
public sealed class FlowFactoryTests
{
    private static readonly FlowChoice Flow = new MaskedAutoregressiveFlow
    {
        Network = new PerceptronDesign { Hidden = [3] },
        Steps = 2,
    };

    private static readonly NormalizingFlow Whitened = new()
    {
        Flow = Flow,
        Preprocessing = new Logit { Normalization = DataNormalization.Whiten },
    };

    public static TheoryData<FlowChoice> Autoregressive =>
    [
        Flow,
        new SplineAutoregressiveFlow { Network = Flow.Network, Steps = 2 },
    ];

    [Theory]
    [MemberData(nameof(Autoregressive))]
    public void Every_step_parts_the_inputs_in_its_own_way(FlowChoice flow)
    {
        using var model = new NormalizingFlow { Flow = flow }.Build(TinyExperiment.Shape, seed: 1);
        RequireOtherMasks(model, 2);
    }

    [Fact]
    public void Steps_are_counted_through_the_layers_of_a_likelihood()
    {
        using var model = new VariationalAutoencoder
        {
            Layers = 2,
            Latents = new LayerSizes([2, 2]),
            Partition = new Whole(),
            Data = new FlowData { Flow = Flow },
        }.Build(TinyExperiment.Shape, seed: 1);
        RequireOtherMasks(model, 4);
    }

    // Runs whose steps all had the masks of the first lack the phases of the others, and are refused for it.
    [Fact]
    public void The_weights_say_where_a_step_parts_the_inputs()
    {
        using var model = Whitened.Build(TinyExperiment.Shape, seed: 1);
        var (_, value) = Assert.Single(
            RunningStatistics.Of(model), entry => entry.Name.EndsWith("network.phase", StringComparison.Ordinal));
        Assert.Equal(ConditionalMade.Phase(1), value.item<float>(), 1e-6);
    }

    [Fact]
    public void Training_starts_from_the_axes_of_the_training_images_and_leaves_them_alone()
    {
        var configuration = TinyExperiment.Configuration with
        {
            Model = Whitened,
            Dataset = TinyExperiment.Configuration.Dataset with { Dequantization = DequantizationRule.Uniform },
        };
        var images = TinyExperiment.Images(64);
        using var model = configuration.Model.Build(TinyExperiment.Shape, seed: 1);
        ModelPreparation.Start(model, configuration, images);
        var axes = RunningStatistics.Of(model, areFixed: true)
            .Single(entry => entry.Name.EndsWith("space.axes.axes", StringComparison.Ordinal)).Value;
        Assert.False(axes.eq(torch.eye(16)).all().item<bool>());

        var before = TinyExperiment.Bits(axes);
        using var trainer = new Trainer(
            model,
            configuration.Training with { AverageDecay = 0.7 },
            images,
            configuration.Dataset.Preparation,
            seed: 1);
        for (int epoch = 0; epoch < 3; epoch++)
        {
            trainer.Epoch();
        }

        var averaged = trainer.Parameters.Unflatten(trainer.Average!.Values)
            .Single(entry => entry.Name.EndsWith("space.axes.axes", StringComparison.Ordinal)).Value;
        Assert.Equal(before, TinyExperiment.Bits(axes));
        Assert.Equal(before, TinyExperiment.Bits(averaged.contiguous()));
    }

    private static void RequireOtherMasks(DensityModel model, int steps)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor[] products =
        [
            .. model.named_modules().Select(entry => entry.module).OfType<ConditionalMade>().Distinct()
                .Select(made => Masks.Product(made).IsAbove(0)),
        ];
        Assert.Equal(steps, products.Length);
        for (int first = 0; first < steps; first++)
        {
            for (int second = 0; second < first; second++)
            {
                Assert.False(products[first].eq(products[second]).all().item<bool>());
            }
        }
    }
}
