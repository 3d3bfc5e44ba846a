using Sere.Likelihoods;
using Sere.Networks;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Likelihoods;

/// <summary>The whole image on several codes at once.</summary>
public sealed class WholeImageLikelihoodTests
{
    private const int Batch = 3;
    private const int Samples = 4;
    private const int Pixels = 6;
    private static readonly int[] Latents = [2, 1, 3];

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    [InlineData(2)]
    public void All_samples_at_once_equal_the_step_of_each_sample(int? layersSeen)
    {
        using var scope = torch.NewDisposeScope();
        var likelihood = Create(layersSeen);
        var x = Float64.Uniform(1, Batch, Pixels).round();
        var evidence = likelihood.Prepare(x);
        torch.Tensor[] codes = [.. Latents.Select((size, layer) => Float64.Normal(10 + layer, Samples, Batch, size))];
        var atOnce = likelihood.LogProb(codes, evidence);
        TensorAssert.Shape([Samples, Batch], atOnce, "log-likelihood");
        for (int sample = 0; sample < Samples; sample++)
        {
            torch.Tensor[] alone = [.. codes.Select(code => code[sample])];
            TensorAssert.Close(likelihood.Step(0, alone, []).LogProb(x), atOnce[sample], 1e-12, $"sample {sample}");
            TensorAssert.Close(likelihood.LogProb(alone, evidence), atOnce[sample], 1e-12, $"sample {sample} alone");
        }
    }

    [Theory]
    [InlineData(null, new[] { 0, 1, 2 })]
    [InlineData(2, new[] { 1, 2 })]
    [InlineData(1, new[] { 2 })]
    public void It_sees_the_last_layers_that_it_is_told_to(int? layersSeen, int[] seen)
    {
        using var scope = torch.NewDisposeScope();
        var likelihood = Create(layersSeen);
        torch.Tensor[] codes = [.. Latents.Select((size, layer) => Float64.Leaf(Float64.Normal(10 + layer, Batch, size)))];
        likelihood.LogProb(codes, likelihood.Prepare(torch.ones(Batch, Pixels, torch.ScalarType.Float64))).sum().backward();
        Assert.Equal(seen, codes.Index().Where(code => code.Item.grad?.any().item<bool>() == true).Select(code => code.Index));
    }

    [Fact]
    public void It_starts_around_independent_pixels_of_the_given_means()
    {
        using var scope = torch.NewDisposeScope();
        var likelihood = Create(null);
        using var noGrad = torch.no_grad();
        foreach (var parameter in likelihood.parameters())
        {
            parameter.zero_();
        }

        var mean = torch.linspace(0.1, 0.9, Pixels, torch.ScalarType.Float64);
        likelihood.InitializeOutput(mean);
        torch.Tensor[] codes = [.. Latents.Select(size => torch.ones(1, size, torch.ScalarType.Float64))];
        TensorAssert.Close(mean, likelihood.Step(0, codes, []).Mean[0], 1e-12, "mean");
    }

    [Fact]
    public void Generated_and_reconstructed_images_are_one_block()
    {
        using var scope = torch.NewDisposeScope();
        var likelihood = Create(null);
        torch.Tensor[] codes = [.. Latents.Select(size => Float64.Normal(20, Batch, size))];
        var uniform = Float64.Uniform(2, Batch, Pixels);
        var distribution = likelihood.Step(0, codes, []);
        TensorAssert.Close(distribution.FromUniform(uniform), likelihood.Generate(codes, uniform).Values, 0, "values");
        TensorAssert.Close(distribution.Mean, likelihood.TeacherForced(codes, uniform).Means, 0, "means");
    }

    [Fact]
    public void Codes_and_data_of_another_shape_are_refused()
    {
        using var scope = torch.NewDisposeScope();
        var likelihood = Create(null);
        var evidence = likelihood.Prepare(torch.zeros(Batch, Pixels, torch.ScalarType.Float64));
        Assert.Throws<ArgumentException>(() => likelihood.Prepare(torch.zeros(Batch, Pixels + 1)));
        Assert.Throws<ArgumentException>(() => likelihood.LogProb([torch.zeros(Batch, 2)], evidence));
        Assert.Throws<ArgumentException>(() => likelihood.LogProb(
            [torch.zeros(Batch, 2), torch.zeros(Batch, 2), torch.zeros(Batch, 3)], evidence));
    }

    private static BlockwiseLikelihood Create(int? layersSeen)
    {
        var likelihood = new BlockwiseLikelihood(
            BlockwiseSettings.Whole(FeatureShape.Vector(Pixels), Latents, new BernoulliFamily(), layersSeen) with
            {
                Network = new PerceptronDesign([5]),
            },
            new ParameterInitializer(1, torch.ScalarType.Float64));
        Parameters.Randomize(likelihood, 3);
        return likelihood;
    }
}
