using Sere.Data;
using Sere.Models;
using Sere.Numerics;
using Sere.Runs.Configuration;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Models;

/// <summary>The models that the presets build.</summary>
public sealed class PresetModelTests
{
    private const int Batch = 3;
    private static readonly string[] PixelByPixel = ["pixelcnn", "pixelvae", "vlae"];

    public static TheoryData<string> Names => [.. Presets.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_preset_builds_a_model_with_a_finite_bound_and_gradients_that_scores_draws_and_reconstructs(string name)
    {
        using var model = Create(name);
        using var scope = torch.NewDisposeScope();
        var x = Images(model);
        model.InitializeFromData(x, Normal(1, Batch, model.NoiseSize));
        var elbo = model.Elbo(model.Encode(x), Normal(2, Batch, model.NoiseSize)).Elbo;
        (-elbo.mean()).backward();
        Assert.True(elbo.isfinite().all().item<bool>());
        foreach (var (parameterName, parameter) in model.named_parameters())
        {
            Assert.True(parameter.grad?.isfinite().all().item<bool>() ?? true, parameterName);
        }

        model.eval();
        using var noGrad = torch.no_grad();
        int pixels = model.Dimensions;
        var weights = model.LogImportanceWeights(model.Encode(x), Normal(2, 4, Batch, model.NoiseSize));
        Assert.Equal([4, Batch], weights.shape);
        Assert.True(weights.isfinite().all().item<bool>());
        Assert.Equal([Batch, pixels], model.Sample(Normal(3, Batch, model.NoiseSize), torch.rand(Batch, pixels)).Means.shape);
        if (model.NoiseSize > 0)
        {
            Assert.Equal(
                [Batch, pixels],
                model.Reconstruct(x, torch.zeros(Batch, model.NoiseSize), torch.rand(Batch, pixels)).Means.shape);
        }

        if (model.CodeSizes.Count > 0)
        {
            Assert.Equal([Batch, model.CodeSizes.Sum()], model.LatentCodes(x).shape);
        }
    }

    // The paper compares with DLGMs whose encoders are larger, so that none has fewer parameters than its own model.
    [Theory]
    [InlineData("mnist-dlgm")]
    [InlineData("mnist-dlgm-blocks")]
    public void A_deep_latent_Gaussian_model_has_no_fewer_parameters_than_the_self_reflective_one(string name)
    {
        using var reference = Create("mnist-mlp");
        using var model = Create(name);
        Assert.InRange(Count(model), Count(reference), 1.1 * Count(reference));
    }

    private static long Count(DensityModel model) => model.parameters().Sum(parameter => parameter.numel());

    private static DensityModel Create(string name) => Presets.Load(name).Model.Build(Shape(name), seed: 1);

    // A checkerboard needs sides that its stride divides; flows of 3,072 dimensions would take long for a test, and so would
    // draws of many masked layers pixel by pixel.
    private static ImageShape Shape(string name) =>
        name.StartsWith("cifar10-case", StringComparison.Ordinal) ? new(3, 32, 32)
        : name.StartsWith("cifar10", StringComparison.Ordinal) ? new(3, 4, 4)
        : name.StartsWith("toy", StringComparison.Ordinal) ? new(1, 1, 2)
        : PixelByPixel.Any(kind => name.Contains(kind, StringComparison.Ordinal)) ? new(1, 8, 8)
        : new(1, 28, 28);

    private static torch.Tensor Images(DensityModel model) =>
        Normal(1, Batch, model.Dimensions).IsAbove(1).to(torch.float32);

    private static torch.Tensor Normal(long seed, params long[] shape)
    {
        using var generator = new torch.Generator((ulong)seed, torch.CPU);
        return torch.randn(shape, generator: generator);
    }
}
