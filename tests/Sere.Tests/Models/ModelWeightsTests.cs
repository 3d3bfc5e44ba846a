using Sere.Models;
using Sere.Networks;
using Sere.Runs.Configuration;
using Sere.Tests.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Models;

/// <summary>A model is its configuration and its weights, and it owns all its tensors.</summary>
public sealed class ModelWeightsTests
{
    private const string Flow =
        """model={"kind":"flow","flow":{"kind":"maf","steps":2,"network":{"kind":"mlp","hidden":[4]}}} """
        + "dataset.binarization=none dataset.dequantization=uniform ";

    /// <summary>Overrides, with a blank between them.</summary>
    public static TheoryData<string> Models =>
    [
        "model.layers=2",
        "model.data.residual=evidence model.posterior.residual=free",
        "model.bijector.kind=spline-coupling",
        "model.bijector.kind=inverse-autoregressive",
        "model.evidence.kind=bottom-up model.bijector.kind=diagonal-affine",
        """model.evidence.network={"kind":"resnet","widths":[4]} model.latents=4 model.latentGrid={"height":2,"width":2}""",
        "model.partition.kind=whole model.coupling.data=false",
        """model={"kind":"ladder","latents":[2,3],"widths":[4,5]}""",
        """model={"kind":"flow-posterior","latents":3,"context":4}""",
        """model={"kind":"flow-posterior","latents":3,"prior":{"kind":"flow","flow":{"kind":"maf","steps":2}}}""",
        """model={"kind":"pixel-cnn"}""",
        """model.data.pixels={"kind":"masked-convolution","layers":2,"channels":3,"context":2}""",
        """model={"kind":"relaxed-bernoulli","latents":3,"context":4}""",
        Flow + "model.flow.permutation=none model.preprocessing.kind=whiten",
        Flow + "model.flow.permutation=reverse model.flow.batchNormalization=true",
        Flow + "model.flow.permutation=random",
        Flow + "model.flow.permutation=linear",
        Flow + "model.flow.kind=spline-coupling model.flow.permutation=random",
        Flow + "model.flow.kind=spline-autoregressive model.base=unit-rank",
        "model.partition.kind=whole model.coupling.data=false dataset.binarization=none model.data.kind=flow "
            + """model.data.flow={"kind":"maf","steps":2,"permutation":"linear"}""",
    ];

    // Before, flows of random and linear permutations gave other numbers: their orders came from the seed alone.
    [Theory]
    [MemberData(nameof(Models))]
    public void The_weights_of_a_model_give_its_numbers_whatever_seed_it_was_built_from(string overrides)
    {
        using var model = Create(overrides, seed: 1);
        using var other = Create(overrides, seed: 2);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        Assert.NotEqual(Weights(model), Weights(other));
        foreach (var (from, to) in Tensors(model).Zip(Tensors(other)))
        {
            Assert.Equal(from.Name, to.Name);
            to.Value.copy_(from.Value);
        }

        Assert.Equal(Weights(model), Weights(other));
    }

    // Before, statistics, masks, phases and orders were left to finalizers.
    [Theory]
    [MemberData(nameof(Models))]
    public void A_model_that_is_disposed_leaves_no_tensor(string overrides)
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var model = Create(overrides, seed: 1))
        {
            using var scope = torch.NewDisposeScope();
            model.Elbo(model.Encode(torch.zeros(2, 16)), torch.zeros(2, model.NoiseSize));
            model.Sample(torch.zeros(2, model.NoiseSize), torch.rand(2, 16));
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static IEnumerable<(string Name, torch.Tensor Value)> Tensors(DensityModel model) =>
        [.. model.named_parameters().Select(entry => (entry.name, (torch.Tensor)entry.parameter)), .. RunningStatistics.Of(model)];

    private static float[] Weights(DensityModel model)
    {
        model.eval();
        using var generator = new torch.Generator(7, torch.CPU);
        var x = torch.rand([3, 16], generator: generator);
        return [.. model.LogImportanceWeights(
            model.Encode(x), torch.randn([2, 3, model.NoiseSize], generator: generator)).contiguous().data<float>()];
    }

    private static DensityModel Create(string overrides, long seed) => ConfigurationOverrides.Apply(
        TinyExperiment.Configuration, overrides.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Model
        .Build(TinyExperiment.Shape, seed);
}
