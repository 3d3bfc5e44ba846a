using Sere.Distributions;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// The data side of a model, p(x | z).
/// </summary>
public abstract class Likelihood : torch.nn.Module
{
    /// <summary>Sets the module's name.</summary>
    protected Likelihood(string name)
        : base(name)
    {
    }

    /// <summary>Dimensions of x, D.</summary>
    public abstract int Dimensions { get; }

    /// <summary>The space of the log-likelihood: "discrete", "data" or "logit".</summary>
    public abstract string Space { get; }

    /// <summary>What depends on x alone: computed once per image and used by all its importance samples.</summary>
    /// <param name="x">[B, D].</param>
    public abstract DataEvidence Prepare(torch.Tensor x);

    /// <summary>log p(x | z) in nats.</summary>
    /// <param name="codes">All codes, each [B, N_l], or [K, B, N_l] for K samples an image.</param>
    /// <param name="evidence">x, prepared.</param>
    /// <returns>[B], or [K, B].</returns>
    public abstract torch.Tensor LogProb(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence);

    /// <summary>Sets the constants of the data layers so that training starts around independent pixels with these means.</summary>
    /// <param name="mean">Mean of each dimension over the training data, [D].</param>
    public abstract void InitializeOutput(torch.Tensor mean);

    /// <summary>Draws x given all codes.</summary>
    /// <param name="codes">All codes, each [B, N_l].</param>
    /// <param name="uniform">Uniform noise, [B, D].</param>
    public abstract GeneratedImages Generate(IReadOnlyList<torch.Tensor> codes, torch.Tensor uniform);

    /// <summary>The means of the blocks of x given all codes, each on the true block before it ("teacher-forced").</summary>
    /// <param name="codes">All codes, each [B, N_l].</param>
    /// <param name="x">The true data, [B, D].</param>
    public abstract GeneratedImages TeacherForced(IReadOnlyList<torch.Tensor> codes, torch.Tensor x);

    /// <summary>Fits what depends on the training data alone, before training; nothing for most.</summary>
    /// <param name="x">Training data, [N, D].</param>
    public virtual void FitSpace(torch.Tensor x)
    {
    }

    /// <summary>log|det| of the map from data to the space of the log-likelihood, [B]; zeros where that is the data's.</summary>
    /// <param name="x">[B, D].</param>
    public virtual torch.Tensor SpaceLogDeterminant(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return torch.zeros_like(x.select(-1, 0));
    }

    /// <summary>Whether there are statistics to fit before an evaluation.</summary>
    public virtual bool HasStatistics => false;

    /// <summary>Fits the statistics of batch normalization to data and codes.</summary>
    /// <param name="batches">Data, each [B, D].</param>
    /// <param name="codes">The codes of each batch, each [B, N_l].</param>
    public virtual void FitStatistics(
        IReadOnlyList<torch.Tensor> batches, IReadOnlyList<IReadOnlyList<torch.Tensor>> codes)
    {
    }
}

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

/// <summary>Images that a model made.</summary>
/// <param name="Values">What was drawn, [B, D].</param>
/// <param name="Means">The mean of each dimension given the codes and the blocks before it, [B, D].</param>
public sealed record GeneratedImages(torch.Tensor Values, torch.Tensor Means);

/// <summary>The part of log p(x | z) that does not depend on z.</summary>
/// <param name="Blocks">x cut into padded blocks, [L, B, LargestBlock].</param>
/// <param name="Residual">What the data residual computes from x alone: [L', B, H], or null without coupling.</param>
public sealed record DataEvidence(torch.Tensor Blocks, torch.Tensor? Residual);
