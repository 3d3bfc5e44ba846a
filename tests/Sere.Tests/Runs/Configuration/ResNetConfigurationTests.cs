using Sere.Numerics;
using Sere.Runs.Configuration;
using Xunit;

namespace Sere.Tests.Runs.Configuration;

/// <summary>Residual networks in a configuration.</summary>
public sealed class ResNetConfigurationTests
{
    [Theory]
    [InlineData("model.evidence.network.widths=[]", "model.evidence.network.widths")]
    [InlineData("model.evidence.network.widths=[0]", "model.evidence.network.widths[0]")]
    [InlineData("model.data.network.blocks=-1", "model.data.network.blocks")]
    [InlineData("model.data.network.kernel=2", "1, 3, 5 or 7")]
    [InlineData("model.prior.network.stride=0", "model.prior.network.stride")]
    [InlineData("model.latentGrid={\"height\": 3, \"width\": 1}", "a multiple of the places")]
    [InlineData("model.bijector={\"kind\": \"inverse-autoregressive\", \"network\": {\"kind\": \"resnet\"}}", "mlp")]
    [InlineData("model.data.network.norm=\"batch\"", "normalization")]
    public void What_it_cannot_be_is_refused_by_name(string change, string named)
    {
        var error = Assert.Throws<UsageException>(() => Change("mnist-resnet", change));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.evidence.kind=bottom-up")]
    [InlineData("model.evidence.network.normalization=batch")]
    [InlineData("model.latents=[20, 20, 10, 10, 10, 10, 5, 5, 5, 5]")]
    [InlineData("model.data.residual=evidence")]
    [InlineData("model.evidence.network.kind=mlp")]
    public void Options_build_a_model_whose_samples_have_the_shape_of_an_image(string change)
    {
        var configuration = Change("mnist-resnet", change);
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var model = configuration.Model.Build(new Sere.Data.ImageShape(1, 28, 28), seed: 1);
        var noise = TorchSharp.torch.zeros(2, model.NoiseSize);
        model.eval();
        Assert.Equal([2, 784], model.Sample(noise, TensorArithmetic.Full([2, 784], 0.5)).Values.shape);
        var terms = model.Elbo(model.Encode(TorchSharp.torch.zeros(2, 784)), noise);
        Assert.True(terms.LogLikelihood.isfinite().all().item<bool>());
    }

    private static ExperimentConfiguration Change(string preset, string change) =>
        ConfigurationOverrides.Apply(Presets.Load(preset), [change]);
}
