using Sere.Data;
using Sere.Evaluation;
using Sere.Numerics;
using Sere.Runs;
using Sere.Runs.Pictures;
using Sere.Tests.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class TrainedModelTests : IDisposable
{
    private static readonly int Dimensions = TinyExperiment.Shape.Dimensions;
    private readonly TrainedModel _model = Model(BinarizationRule.Dynamic);

    public void Dispose() => _model.Dispose();

    [Fact]
    public void A_drawn_image_is_a_function_of_the_seed_and_its_number()
    {
        // More than the five hundred images that are drawn at once.
        ImageBatch many = _model.Sample(503);
        ImageBatch more = _model.Sample(507);
        AssertClose(many.Values.Span, more.Values.Span[..many.Values.Length]);
        AssertClose(_model.Sample(3).Values.Span, many.Values.Span[..(3 * Dimensions)]);
        Assert.NotEqual(Image(many, 0), Image(many, 1));
        Assert.NotEqual(Image(many, 0), Image(many, 500));
        Assert.NotEqual(Image(many, 0), Image(_model.Sample(1, seed: 2), 0));
        Assert.Equal(Image(many, 0), Image(_model.Sample(503), 0));
    }

    [Fact]
    public void Without_temperature_the_latents_of_all_images_are_one()
    {
        // The first block depends on the latents alone; the second also on the draw of the first.
        ImageBatch cold = _model.Sample(5, temperature: 0);
        ImageBatch warm = _model.Sample(5);
        Assert.All(Enumerable.Range(1, 4), image => AssertClose(Image(cold, 0).AsSpan()[..8], Image(cold, image).AsSpan()[..8]));
        Assert.NotEqual(Image(warm, 0)[..8], Image(warm, 1)[..8]);
    }

    [Fact]
    public void Images_of_another_shape_are_refused()
    {
        var wide = new ImageSet(new ImageShape(1, 2, 8), new byte[16]);
        foreach (Action action in (Action[])
            [() => _model.LogLikelihood(wide), () => _model.Reconstruct(wide), () => _model.Score(wide, new(), null, Token)])
        {
            string message = Assert.Throws<SereException>(action).Message;
            Assert.Contains("1x4x4", message);
            Assert.Contains("1x2x8", message);
        }
    }

    [Fact]
    public void Real_values_that_are_no_grey_values_are_refused_by_a_model_of_bytes()
    {
        using TrainedModel model = Model(BinarizationRule.None);
        var values = new ImageSet(TinyExperiment.Shape, [.. Enumerable.Range(0, 16).Select(value => 10f * value)]);
        string message = Assert.Throws<SereException>(() => model.LogLikelihood(values)).Message;
        Assert.Contains("from 0 to 150", message);
        Assert.Contains("0..1", message);
    }

    [Theory]
    [InlineData(BinarizationRule.Dynamic)]
    [InlineData(BinarizationRule.Threshold)]
    public void The_originals_of_reconstructions_are_the_binarized_images(BinarizationRule rule)
    {
        using var model = Model(rule);
        var images = new ImageSet(
            TinyExperiment.Shape, [.. Enumerable.Range(0, 6 * Dimensions).Select(i => (byte)(37 * i))]);
        using var grey = images.ToTensor();
        using var expected = Binarization.EvaluationImages(grey, 0, rule, new RandomStreams(4));
        var (originals, reconstructions) = model.Reconstruct(images, seed: 4);
        Assert.Equal(expected.data<float>().ToArray(), originals.Values.ToArray());
        Assert.Equal(originals.Count, reconstructions.Count);
        Assert.All(reconstructions.Values.ToArray(), value => Assert.InRange(value, 0, 1));

        // The first block has no block before it; the second sees the true one or the model's own.
        var (_, forced) = model.Reconstruct(images, teacherForced: true, seed: 4);
        for (int image = 0; image < 6; image++)
        {
            AssertClose(Image(reconstructions, image).AsSpan()[..8], Image(forced, image).AsSpan()[..8]);
        }

        Assert.NotEqual(reconstructions.Values.ToArray(), forced.Values.ToArray());
    }

    [Fact]
    public void Scores_are_functions_of_the_images_the_samples_and_the_seed()
    {
        var images = TinyExperiment.Images(5);
        double[] scores = _model.LogLikelihood(images, importanceSamples: 3);
        Assert.Equal(scores, _model.Score(images, new EvaluationOptions { ImportanceSamples = 3 }, null, Token).LogLikelihood);
        Assert.NotEqual(scores, _model.LogLikelihood(images, importanceSamples: 4));
        Assert.NotEqual(scores, _model.LogLikelihood(images, importanceSamples: 3, seed: 2));
        Assert.All(scores, score => Assert.True(score < 0));
    }

    [Fact]
    public void Using_a_model_leaves_no_tensor_behind()
    {
        var images = TinyExperiment.Images(12);
        long before = 0;
        for (int round = 0; round < 4; round++)
        {
            _model.LogLikelihood(images, importanceSamples: 120);
            _model.Sample(3);
            _model.Reconstruct(images);
            _model.Reconstruct(images, teacherForced: true);
            LatentUsage.Measure(_model.Model, images, BinarizationRule.Dynamic, seed: 1);
            IndependentPixels.LogLikelihood(images, images, BinarizationRule.Dynamic, seed: 1);
            long alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            Assert.True(round < 2 || alive == before, $"{before} tensors were alive, and now {alive} are.");
            before = alive;
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static TrainedModel Model(BinarizationRule rule)
    {
        var configuration = TinyExperiment.Configuration;
        var model = TinyExperiment.Model();
        model.eval();
        return new TrainedModel(
            model,
            configuration with { Dataset = configuration.Dataset with { Binarization = rule } },
            TinyExperiment.Shape);
    }

    private static float[] Image(ImageBatch images, int image) =>
        images.Values.Slice(image * Dimensions, Dimensions).ToArray();

    /// <summary>Batches of other sizes round differently.</summary>
    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-5f);
        }
    }
}
