using Sere.Distributions;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// A data side of blocks with independent dimensions. In training all layers' distributions are computed at once; sampling
/// walks block by block through <see cref="Step"/>.
/// </summary>
public abstract class FactorizedLikelihood : Likelihood
{
    /// <summary>Sets the module's name.</summary>
    protected FactorizedLikelihood(string name)
        : base(name)
    {
    }

    /// <summary>Number of blocks that sampling walks through, L.</summary>
    public abstract int Blocks { get; }

    /// <summary>The distribution of block <paramref name="block"/> alone: p(x_l | z_l, x_{l-1}).</summary>
    /// <param name="block">l, from 0.</param>
    /// <param name="codes">The codes z_1..z_l at least, each [B, N].</param>
    /// <param name="previousBlocks">The blocks x_1..x_{l-1}, unpadded.</param>
    public abstract DataDistribution Step(
        int block,
        IReadOnlyList<torch.Tensor> codes,
        IReadOnlyList<torch.Tensor> previousBlocks);

    /// <summary>Puts blocks together to x [B, D].</summary>
    public abstract torch.Tensor Join(IReadOnlyList<torch.Tensor> blocks);

    /// <summary>Cuts block <paramref name="block"/> out of x [B, D], unpadded.</summary>
    public abstract torch.Tensor Block(torch.Tensor x, int block);

    /// <summary>Draws x given all codes, block after block, each on the blocks drawn before it.</summary>
    /// <param name="codes">All codes, each [B, N_l].</param>
    /// <param name="uniform">Uniform noise, [B, D].</param>
    public override GeneratedImages Generate(IReadOnlyList<torch.Tensor> codes, torch.Tensor uniform) =>
        Walk(codes, (block, distribution) => distribution.FromUniform(Block(uniform, block)));

    /// <inheritdoc/>
    public override GeneratedImages TeacherForced(IReadOnlyList<torch.Tensor> codes, torch.Tensor x) =>
        Walk(codes, (block, _) => Block(x, block));

    /// <summary>Refuses codes of another number or shape: padding and folding would accept them without a word.</summary>
    /// <param name="codes">The codes.</param>
    /// <param name="latents">N_l of each layer.</param>
    /// <param name="batch">B.</param>
    /// <param name="first">The first layer that is looked at.</param>
    /// <exception cref="ArgumentException">A code is missing or has another shape.</exception>
    private protected static void CheckCodes(
        IReadOnlyList<torch.Tensor> codes, IReadOnlyList<int> latents, long batch, int first = 0)
    {
        if (codes.Count != latents.Count)
        {
            throw new ArgumentException($"The likelihood takes {latents.Count} codes, not {codes.Count}.", nameof(codes));
        }

        for (int layer = first; layer < codes.Count; layer++)
        {
            long[] shape = codes[layer].shape;
            if (shape.Length is not (2 or 3) || shape[^2] != batch || shape[^1] != latents[layer])
            {
                throw new ArgumentException(
                    $"The likelihood takes code {layer} of shape [{batch}, {latents[layer]}] or [K, {batch}, {latents[layer]}], "
                    + $"not [{string.Join(", ", shape)}].",
                    nameof(codes));
            }
        }
    }

    private GeneratedImages Walk(
        IReadOnlyList<torch.Tensor> codes,
        Func<int, DataDistribution, torch.Tensor> value)
    {
        var values = new List<torch.Tensor>(Blocks);
        var means = new List<torch.Tensor>(Blocks);
        for (int block = 0; block < Blocks; block++)
        {
            var distribution = Step(block, codes, values);
            means.Add(distribution.Mean);
            values.Add(value(block, distribution));
        }

        return new GeneratedImages(Join(values), Join(means));
    }
}
