using Sere.Data;
using Sere.Numerics;
using Sere.Runs;
using Sere.Runs.Pictures;
using Sere.Tests.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class LatentPathsTests : IDisposable
{
    private static readonly int Dimensions = TinyExperiment.Shape.Dimensions;
    private readonly TrainedModel _model = new(
        TinyExperiment.Model(), TinyExperiment.Configuration, TinyExperiment.Shape);

    public LatentPathsTests()
    {
        // Far from its initial parameters every latent shows.
        using var noGrad = torch.no_grad();
        using var generator = new torch.Generator(7);
        foreach (var parameter in _model.Model.parameters())
        {
            parameter.PlusInPlace(torch.randn(parameter.shape, generator: generator).Times(0.7));
        }
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void A_path_begins_and_ends_with_the_images_and_their_reconstructions()
    {
        ImageSet images = TinyExperiment.Images(2);
        var (from, to) = (images.Slice(0, 1), images.Slice(1, 1));
        ImageBatch path = LatentPaths.Interpolate(_model, from, to, steps: 5);
        Assert.Equal(7, path.Count);

        // Image 0 of a call has its own stream of binarization and of data.
        AssertClose(_model.Reconstruct(from).Originals.Values, Image(path, 0));
        AssertClose(_model.Reconstruct(from).Reconstructions.Values, Image(path, 1));
        AssertClose(_model.Reconstruct(to).Reconstructions.Values[..Dimensions], Image(path, 5), blocks: 1);
        Assert.NotEqual(Image(path, 2).ToArray(), Image(path, 1).ToArray());
    }

    [Fact]
    public void A_traversal_passes_the_drawn_image_and_changes_one_latent_at_a_time()
    {
        ImageBatch grid = LatentPaths.Traverse(_model, layer: 1, steps: 3, seed: 9);
        Assert.Equal(2 * 3, grid.Count);

        // The second layer says nothing of the first block.
        ReadOnlyMemory<float> drawn = _model.Sample(1, seed: 9).Values;
        Assert.All(Enumerable.Range(0, 6), image => AssertClose(drawn, Image(grid, image), blocks: 1));
        Assert.NotEqual(Image(grid, 0).ToArray(), Image(grid, 2).ToArray());
        Assert.NotEqual(Image(grid, 3).ToArray(), Image(grid, 5).ToArray());
        Assert.NotEqual(Image(grid, 0).ToArray(), Image(grid, 3).ToArray());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    public void A_layer_that_is_not_there_is_refused(int layer) =>
        Assert.Contains("from 0 to 1", Assert.Throws<UsageException>(() => LatentPaths.Traverse(_model, layer, 3)).Message);

    [Fact]
    public void The_great_circle_keeps_the_length_where_a_straight_line_would_not()
    {
        using var scope = torch.NewDisposeScope();
        var path = LatentPaths.GreatCircle(torch.tensor([2f, 0, 0]), torch.tensor([0f, 4, 0]), 3);
        Assert.Equal([2f, 0, 0], path[0].data<float>().ToArray());
        AssertClose((float[])[3 / MathF.Sqrt(2), 3 / MathF.Sqrt(2), 0], path[1].data<float>().ToArray());
        AssertClose((float[])[0, 4, 0], path[2].data<float>().ToArray());
    }

    [Fact]
    public void Where_there_is_no_great_circle_the_path_is_straight()
    {
        using var scope = torch.NewDisposeScope();
        foreach (float[] end in (float[][])[[4, 0], [-2, 0], [0, 0], [2, 0]])
        {
            var path = LatentPaths.GreatCircle(torch.tensor([2f, 0]), torch.tensor(end), 3);
            AssertClose((float[])[2, 0, (2 + end[0]) / 2, 0, end[0], 0], path.contiguous().data<float>().ToArray());
        }
    }

    private static ReadOnlyMemory<float> Image(ImageBatch images, int index) =>
        images.Values.Slice(index * Dimensions, Dimensions);

    private static void AssertClose(ReadOnlyMemory<float> expected, ReadOnlyMemory<float> actual, int blocks = 2)
    {
        int compared = expected.Length * blocks / 2;
        Assert.Equal(
            expected.ToArray().Take(compared), actual.ToArray().Take(compared), (a, b) => Math.Abs(a - b) < 1e-5);
    }
}
