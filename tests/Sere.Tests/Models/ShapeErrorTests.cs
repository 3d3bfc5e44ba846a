using Sere.Bijectors;
using Sere.Hierarchies;
using Sere.Kernels;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using Sere.Partitions;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Models;

/// <summary>A tensor of a wrong shape is refused with the shape that was expected, never by the native library.</summary>
public sealed class ShapeErrorTests : IDisposable
{
    private readonly DensityModel _model = Build();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(new long[] { 2, 10 }, "[2, 10]")]
    [InlineData(new long[] { 11 }, "[11]")]
    [InlineData(new long[] { 1, 2, 11 }, "[1, 2, 11]")]
    public void Data_of_another_shape_are_refused(long[] shape, string given)
    {
        AssertNames(() => _model.Encode(torch.zeros(shape)), "[B, 11]", given);
        AssertNames(() => _model.Likelihood.Prepare(torch.zeros(shape)), "[B, 11]", given);
    }

    [Fact]
    public void Noise_of_another_size_is_refused()
    {
        var batch = _model.Encode(torch.zeros(2, 11));
        AssertNames(() => _model.Elbo(batch, torch.zeros(2, 8)), "[2, 9]", "[2, 8]");
        AssertNames(() => _model.Hierarchy.Infer(batch.Evidence, torch.zeros(3, 2, 10)), "[..., 9]", "[3, 2, 10]");
        AssertNames(() => _model.Hierarchy.Generate(torch.zeros(2, 1)), "[..., 9]", "[2, 1]");
        AssertNames(() => _model.Sample(torch.zeros(2, 7), torch.zeros(2, 11)), "[..., 9]", "[2, 7]");
    }

    [Theory]
    [InlineData(new long[] { 2, 9 }, "[2, 9]")]
    [InlineData(new long[] { 5, 3, 9 }, "[5, 3, 9]")]
    [InlineData(new long[] { 5, 2, 8 }, "[5, 2, 8]")]
    public void Noise_of_importance_samples_of_another_shape_is_refused(long[] shape, string given)
    {
        var batch = _model.Encode(torch.zeros(2, 11));
        AssertNames(() => _model.LogImportanceWeights(batch, torch.zeros(shape)), "[K, 2, 9]", given);
    }

    [Theory]
    [InlineData(new long[] { 3, 2, 6 }, "[3, 2, 6]")]
    [InlineData(new long[] { 4, 2, 5 }, "[4, 2, 5]")]
    public void Features_of_another_shape_are_refused(long[] shape, string given) =>
        AssertNames(() => _model.Hierarchy.Interpret(EvidenceFeatures.OfStack(torch.zeros(shape))), "[4, B, 6]", given);

    [Fact]
    public void A_stack_of_features_without_layers_is_refused() =>
        AssertNames(() => EvidenceFeatures.OfStack(torch.zeros(4, 6)), "[L, B, F]", "[4, 6]");

    [Fact]
    public void Features_of_widths_of_their_own_are_refused_where_a_stack_is_taken() => AssertNames(
        () => _model.Hierarchy.Interpret(EvidenceFeatures.OfLayers([torch.zeros(2, 6), torch.zeros(2, 4)])),
        "[4, B, 6]",
        "[2, 6] and [2, 4]");

    [Theory]
    [InlineData(new long[] { 2, 3 }, "[2, 3]")]
    [InlineData(new long[] { 4, 2 }, "[4, 2]")]
    [InlineData(new long[] { 5, 4, 2 }, "[5, 4, 2]")]
    [InlineData(new long[] { 2 }, "[2]")]
    public void A_code_of_another_shape_is_refused(long[] shape, string given)
    {
        var evidence = _model.Likelihood.Prepare(torch.zeros(2, 11));
        torch.Tensor[] codes = [torch.zeros(2, 3), torch.zeros(shape), torch.zeros(2, 3), torch.zeros(2, 1)];
        AssertNames(() => _model.Likelihood.LogProb(codes, evidence), "code 1 of shape [2, 2] or [K, 2, 2]", given);
    }

    [Fact]
    public void Codes_of_fewer_layers_are_refused()
    {
        var evidence = _model.Likelihood.Prepare(torch.zeros(2, 11));
        AssertNames(() => _model.Likelihood.LogProb([torch.zeros(2, 3)], evidence), "4 codes", "not 1");
    }

    [Fact]
    public void Parts_of_a_likelihood_that_differ_in_their_layers_are_refused()
    {
        var initializer = new ParameterInitializer(1);
        AssertNames(
            () => _ = new BlockwiseLikelihood(
                new(new RasterPartition(11, 4), CouplingGraph.Chain(3), [1, 1], new BernoulliFamily()), initializer),
            "4 blocks",
            "2 layers");
    }

    private static void AssertNames(Action action, string expected, string given)
    {
        using var scope = torch.NewDisposeScope();
        var error = Assert.Throws<ArgumentException>(action);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(given, error.Message, StringComparison.Ordinal);
    }

    private static DensityModel Build()
    {
        int[] latents = [3, 2, 3, 1];
        var graph = CouplingGraph.Chain(4);
        var initializer = new ParameterInitializer(1);
        var hierarchy = new SelfReflectiveHierarchy(
            new SelfReflectiveParts(latents, graph) { Prior = new() { Network = new PerceptronDesign([5]) }, Bijector = new RankOneAffine { Network = new PerceptronDesign([5]) } }, initializer);
        return new DensityModel(
            new IndependentEvidenceEncoder(
                new StackedMlp(4, 11, [5], hierarchy.FeatureSize, Activation.Elu, initializer)),
            hierarchy,
            new BlockwiseLikelihood(
                new(new RasterPartition(11, 4), graph, latents, new BernoulliFamily()) { Network = new PerceptronDesign([5]) }, initializer));
    }
}
