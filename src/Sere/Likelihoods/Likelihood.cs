using Sere.Distributions;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// The data side of a model, p(x | z). In training all layers' distributions are computed at once; sampling walks block
/// by block through <see cref="Step"/>.
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

    /// <summary>Number of blocks that sampling walks through, L.</summary>
    public abstract int Blocks { get; }

    /// <summary>The space of the log-likelihood: "discrete" or "data".</summary>
    public abstract string Space { get; }

    /// <summary>What depends on x alone: computed once per image and used by all its importance samples.</summary>
    /// <param name="x">[B, D].</param>
    public abstract DataEvidence Prepare(torch.Tensor x);

    /// <summary>log p(x | z) in nats.</summary>
    /// <param name="codes">All codes, each [B, N_l], or [K, B, N_l] for K samples an image.</param>
    /// <param name="evidence">x, prepared.</param>
    /// <returns>[B], or [K, B].</returns>
    public abstract torch.Tensor LogProb(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence);

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

    /// <summary>Sets the constants of the data layers so that training starts around independent pixels with these means.</summary>
    /// <param name="mean">Mean of each dimension over the training data, [D].</param>
    public abstract void InitializeOutput(torch.Tensor mean);

    /// <summary>Draws x given all codes, block after block, each on the blocks drawn before it.</summary>
    /// <param name="codes">All codes, each [B, N_l].</param>
    /// <param name="uniform">Uniform noise, [B, D].</param>
    public GeneratedImages Generate(IReadOnlyList<torch.Tensor> codes, torch.Tensor uniform) =>
        Walk(codes, (block, distribution) => distribution.FromUniform(Block(uniform, block)));

    /// <summary>The means of the blocks of x given all codes, each on the true block before it ("teacher-forced").</summary>
    /// <param name="codes">All codes, each [B, N_l].</param>
    /// <param name="x">The true data, [B, D].</param>
    public GeneratedImages TeacherForced(IReadOnlyList<torch.Tensor> codes, torch.Tensor x) =>
        Walk(codes, (block, _) => Block(x, block));

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
