using Sere.Likelihoods;
using Sere.Partitions;
using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>
/// A blockwise likelihood under test: 15 dimensions in blocks of 4, 4, 4 and 3, five rows of three, and layers of unequal size.
/// </summary>
/// <param name="Likelihood">With random parameters everywhere.</param>
/// <param name="Graph">The parents of each block.</param>
/// <param name="IsBinary">Whether x is a vector of zeros and ones.</param>
internal sealed record BlockwiseCase(BlockwiseLikelihood Likelihood, CouplingGraph Graph, bool IsBinary)
{
    public const int Rows = 5;
    public const int RowLength = 3;
    public const int Dimensions = Rows * RowLength;
    public const int Blocks = 4;

    /// <summary>N_l of each layer.</summary>
    public static IReadOnlyList<int> Latents { get; } = [3, 2, 3, 1];

    /// <summary>The parameters, which gradients are taken to.</summary>
    public IReadOnlyList<torch.Tensor> Leaves => [.. Likelihood.parameters()];

    /// <summary>Data, [batch, Dimensions].</summary>
    public torch.Tensor Data(long seed, long batch) => IsBinary
        ? Float64.Uniform(seed, batch, Dimensions).round()
        : Float64.Normal(seed, batch, Dimensions);

    /// <summary>Codes of all layers, each [..., N_l], which gradients can be taken to.</summary>
    public torch.Tensor[] Codes(long seed, params long[] leading) =>
        [.. Latents.Select((size, layer) => Float64.Leaf(Float64.Normal(seed + layer, [.. leading, size])))];

    /// <summary>log p(x | z), [B], as the sum over the blocks of what each step alone says about the true block.</summary>
    public torch.Tensor BlockByBlock(IReadOnlyList<torch.Tensor> codes, torch.Tensor x)
    {
        var blocks = Enumerable.Range(0, Blocks).Select(block => Likelihood.Block(x, block)).ToArray();
        return torch.stack([.. Enumerable.Range(0, Blocks).Select(block =>
            Likelihood.Step(block, [.. codes.Take(block + 1)], blocks[..block]).LogProb(blocks[block]))]).sum([0]);
    }
}
