using Sere.Likelihoods;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>Law 6 for the data side: all layers at once equal layer by layer, for every entry of the table.</summary>
/// <remarks>
/// Seen to fail with: no mask, or one of ones; the wrong end of the padded parameters of the last block; the block itself
/// as the previous one; residual network 0 for each block; a step without the join; samples and images of the join
/// exchanged; constants that are means and not logits, or means and scales exchanged; a parent more or less.
/// </remarks>
public sealed class BlockwiseLikelihoodLawTests
{
    private const double Rounding = 1e-10;
    private const int Batch = 3;
    private const int Samples = 4;

    [Theory]
    [MemberData(nameof(BlockwiseTable.Names), MemberType = typeof(BlockwiseTable))]
    public void All_blocks_at_once_equal_each_block_alone(string family, DataResidual residual, string graph)
    {
        using var scope = torch.NewDisposeScope();
        var test = BlockwiseTable.Build(family, residual, graph);
        var codes = test.Codes(200, Batch);
        var x = test.Data(210, Batch);
        torch.Tensor AtOnce() => test.Likelihood.LogProb(codes, test.Likelihood.Prepare(x));

        TensorAssert.Close(test.BlockByBlock(codes, x), AtOnce(), Rounding, "log-likelihood");
        var weights = Float64.Normal(220, Batch);
        TensorAssert.SameGradients(
            () => (AtOnce() * weights).sum(),
            () => (test.BlockByBlock(codes, x) * weights).sum(),
            [.. test.Leaves, .. codes],
            Rounding);
    }

    [Theory]
    [MemberData(nameof(BlockwiseTable.Names), MemberType = typeof(BlockwiseTable))]
    public void K_samples_at_once_equal_each_sample_alone(string family, DataResidual residual, string graph)
    {
        using var scope = torch.NewDisposeScope();
        var test = BlockwiseTable.Build(family, residual, graph);
        var codes = test.Codes(200, Samples, Batch);
        var x = test.Data(210, Batch);
        torch.Tensor AtOnce() => test.Likelihood.LogProb(codes, test.Likelihood.Prepare(x));
        torch.Tensor OneByOne() => torch.stack([.. Enumerable.Range(0, Samples).Select(sample =>
            test.Likelihood.LogProb([.. codes.Select(code => code[sample])], test.Likelihood.Prepare(x)))]);

        TensorAssert.Shape([Samples, Batch], AtOnce(), "log-likelihood");
        TensorAssert.Close(OneByOne(), AtOnce(), Rounding, "log-likelihood");
        var weights = Float64.Normal(220, Samples, Batch);
        TensorAssert.SameGradients(
            () => (AtOnce() * weights).sum(), () => (OneByOne() * weights).sum(), [.. test.Leaves, .. codes], Rounding);
    }

    [Theory]
    [MemberData(nameof(BlockwiseTable.Names), MemberType = typeof(BlockwiseTable))]
    public void Surprise_of_all_blocks_at_once_is_that_of_each_block_alone(string family, DataResidual residual, string graph)
    {
        using var scope = torch.NewDisposeScope();
        var test = BlockwiseTable.Build(family, residual, graph);
        var likelihood = test.Likelihood;
        var codes = test.Codes(200, Samples, Batch);
        var x = test.Data(210, Batch);
        var uniform = Float64.Normal(220, Samples * Batch, likelihood.Dimensions).sigmoid();
        var surprise = likelihood.Surprise(codes, likelihood.Prepare(x), uniform)!;

        torch.Tensor[] rows = [.. codes.Select(code => code.reshape(Samples * Batch, -1))];
        torch.Tensor[] blocks = [.. Enumerable.Range(0, likelihood.Blocks)
            .Select(block => likelihood.Block(x.repeat(Samples, 1), block))];
        var (excess, standardized) = (new List<torch.Tensor>(), new List<torch.Tensor>());
        foreach (var (block, value) in blocks.Index())
        {
            var alone = likelihood.Step(block, rows, blocks[..block]).Given(value);
            var drawn = alone.FromUniform(likelihood.Block(uniform, block));
            var positions = alone.LogProbPerPosition(drawn) - alone.LogProbPerPosition(value);
            long channels = value.shape[1] / positions.shape[1];
            excess.Add(positions.repeat(1, channels).Over(channels));
            standardized.Add(alone.Standardize(value));
        }

        TensorAssert.Close(likelihood.LogProb(codes, likelihood.Prepare(x)), surprise.LogLikelihood, Rounding, "log-likelihood");
        TensorAssert.Close(likelihood.Join(excess).mean([0]), surprise.Excess, Rounding, "excess");
        TensorAssert.Close(likelihood.Join(standardized).mean([0]), surprise.Standardized, Rounding, "standardized");
    }

    [Theory]
    [MemberData(nameof(BlockwiseTable.Names), MemberType = typeof(BlockwiseTable))]
    public void One_sample_keeps_its_dimension(string family, DataResidual residual, string graph)
    {
        using var scope = torch.NewDisposeScope();
        var test = BlockwiseTable.Build(family, residual, graph);
        var evidence = test.Likelihood.Prepare(test.Data(210, Batch));
        var codes = test.Codes(200, Batch);
        var one = test.Likelihood.LogProb([.. codes.Select(code => code.unsqueeze(0))], evidence);
        TensorAssert.Close(test.Likelihood.LogProb(codes, evidence).unsqueeze(0), one, Rounding, "log-likelihood");
    }

    [Theory]
    [MemberData(nameof(BlockwiseTable.Names), MemberType = typeof(BlockwiseTable))]
    public void A_block_depends_on_its_own_code_and_on_its_parents_alone(string family, DataResidual residual, string graph)
    {
        using var scope = torch.NewDisposeScope();
        var test = BlockwiseTable.Build(family, residual, graph);
        for (int block = 0; block < BlockwiseCase.Blocks; block++)
        {
            var codes = test.Codes(200, Batch);
            torch.Tensor[] previous = [.. Enumerable.Range(0, block)
                .Select(earlier => Float64.Leaf(test.Likelihood.Block(test.Data(210, Batch), earlier)))];
            var value = test.Likelihood.Block(test.Data(210, Batch), block);
            test.Likelihood.Step(block, codes, previous).LogProb(value).sum().backward();
            Assert.Equal([block], DependsOn(codes));
            Assert.Equal(test.Graph.Parents(block).Order(), DependsOn(previous));
        }

        static IEnumerable<int> DependsOn(torch.Tensor[] leaves) =>
            leaves.Index().Where(leaf => leaf.Item.grad?.any().item<bool>() == true).Select(leaf => leaf.Index);
    }

    /// <summary>All 2^10 images of rows of two: the padding of the last block has no part in their masses.</summary>
    [Theory]
    [MemberData(nameof(BlockwiseTable.BinaryNames), MemberType = typeof(BlockwiseTable))]
    public void Masses_of_all_images_sum_to_one(string family, DataResidual residual, string graph)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var test = BlockwiseTable.Build(family, residual, graph, rowLength: 2);
        var images = Float64.BinaryVectors(2 * BlockwiseCase.Rows);
        torch.Tensor[] codes = [.. test.Codes(200, 1).Select(code => code.expand(images.shape[0], -1))];
        var logProb = test.Likelihood.LogProb(codes, test.Likelihood.Prepare(images));
        Assert.Equal(1, logProb.exp().sum().item<double>(), 1e-12);
    }

    [Theory]
    [MemberData(nameof(BlockwiseTable.Names), MemberType = typeof(BlockwiseTable))]
    public void Drawing_and_teacher_forcing_walk_the_same_distributions(string family, DataResidual residual, string graph)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var test = BlockwiseTable.Build(family, residual, graph);
        var codes = test.Codes(200, Batch);
        var uniform = Float64.Uniform(230, Batch, BlockwiseCase.Dimensions);
        var drawn = test.Likelihood.Generate(codes, uniform);
        var forced = test.Likelihood.TeacherForced(codes, drawn.Values);
        TensorAssert.Close(drawn.Values, forced.Values, 0, "values");
        TensorAssert.Close(drawn.Means, forced.Means, 0, "means");

        var blocks = Enumerable.Range(0, BlockwiseCase.Blocks).Select(l => test.Likelihood.Block(drawn.Values, l)).ToArray();
        for (int block = 0; block < BlockwiseCase.Blocks; block++)
        {
            var distribution = test.Likelihood.Step(block, codes, blocks[..block]);
            TensorAssert.Close(
                distribution.Given(blocks[block]).Mean, test.Likelihood.Block(drawn.Means, block), 0, $"means of block {block}");
            TensorAssert.Close(
                distribution.FromUniform(test.Likelihood.Block(uniform, block)), blocks[block], 0, $"block {block}");
        }
    }

    [Theory]
    [MemberData(nameof(BlockwiseTable.NamesWithMeans), MemberType = typeof(BlockwiseTable))]
    public void Training_starts_from_the_means_that_the_output_is_initialized_with(
        string family,
        DataResidual residual,
        string graph)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var test = BlockwiseTable.BuildFresh(family, residual, graph);
        var mean = Float64.Uniform(240, BlockwiseCase.Dimensions);
        test.Likelihood.InitializeOutput(mean);

        // Biases start at zero and an activation keeps zero: what is left at zero codes and zero data is the constants.
        torch.Tensor[] codes = [.. test.Codes(0, 2).Select(code => torch.zeros_like(code))];
        var zeros = torch.zeros(2, BlockwiseCase.Dimensions, torch.ScalarType.Float64);
        var means = test.Likelihood.TeacherForced(codes, zeros).Means;
        TensorAssert.Close(mean.expand(2, -1), means, 1e-12, "means");
    }
}
