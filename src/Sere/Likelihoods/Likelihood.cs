using Sere.Distributions;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// The data side of a model, p(x | z). Given all codes and all blocks of x, every layer's distribution is computed at once;
/// sampling walks block by block through <see cref="Step"/>.
/// </summary>
internal abstract class Likelihood(string name) : torch.nn.Module(name)
{
    /// <summary>Dimensions of x, D.</summary>
    public abstract int Dimensions { get; }

    /// <summary>Number of blocks that sampling walks through; 1 where x is drawn at once.</summary>
    public virtual int Blocks => 1;

    /// <summary>The space of the log-likelihood: "discrete", "data" or "logit".</summary>
    public abstract string Space { get; }

    /// <summary>What depends on x alone: computed once per image and used by all its importance samples.</summary>
    /// <param name="x">[B, D].</param>
    public DataEvidence Prepare(torch.Tensor x) => x.dim() == 2 && x.shape[1] == Dimensions
        ? Evidence(x)
        : throw new ArgumentException(
            $"The likelihood takes data of shape [B, {Dimensions}], not [{string.Join(", ", x.shape)}].", nameof(x));

    /// <summary>log p(x | z) in nats.</summary>
    /// <param name="codes">All codes, each [B, N_l], or [K, B, N_l] for K samples an image.</param>
    /// <param name="evidence">x, prepared.</param>
    /// <returns>[B], or [K, B].</returns>
    public abstract torch.Tensor LogProb(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence);

    /// <summary>The distribution of block <paramref name="block"/> alone: p(x_l | z_l, x_{l-1}).</summary>
    /// <param name="block">l, from 0.</param>
    /// <param name="codes">The codes that it sees at least, each [B, N].</param>
    /// <param name="previousBlocks">The blocks x_1..x_{l-1}, unpadded.</param>
    public abstract DataDistribution Step(
        int block, IReadOnlyList<torch.Tensor> codes, IReadOnlyList<torch.Tensor> previousBlocks);

    /// <summary>Puts blocks together to x [B, D].</summary>
    public virtual torch.Tensor Join(IReadOnlyList<torch.Tensor> blocks) => blocks[0].alias();

    /// <summary>Cuts block <paramref name="block"/> out of x [B, D], unpadded.</summary>
    public virtual torch.Tensor Block(torch.Tensor x, int block) => x.alias();

    /// <summary>Draws x given all codes, block after block, each on the blocks drawn before it.</summary>
    /// <param name="codes">All codes, each [B, N_l].</param>
    /// <param name="uniform">Uniform noise, [B, D].</param>
    /// <param name="temperature">Factor on the noise of what has no latents above it.</param>
    public virtual GeneratedImages Generate(
        IReadOnlyList<torch.Tensor> codes, torch.Tensor uniform, double temperature = 1) =>
        Walk(codes, (block, distribution) => distribution.FromUniform(Block(uniform, block)));

    /// <summary>The means of the blocks of x given all codes, each on the true block before it ("teacher-forced").</summary>
    /// <param name="codes">All codes, each [B, N_l].</param>
    /// <param name="x">The true data, [B, D].</param>
    public virtual GeneratedImages TeacherForced(IReadOnlyList<torch.Tensor> codes, torch.Tensor x) =>
        Walk(codes, (block, _) => Block(x, block));

    /// <summary>Whether every pixel has a distribution of its own, given what is before it.</summary>
    public virtual bool HasPixels => true;

    /// <summary>
    /// How much each dimension of x surprises, given codes and the true blocks before its own; null where there are no
    /// pixels.
    /// </summary>
    /// <param name="codes">All codes, each [K, B, N_l].</param>
    /// <param name="evidence">x, prepared.</param>
    /// <param name="uniform">Uniform noise of the draws that tell how much surprise is expected, [K B, D].</param>
    public DimensionSurprise? Surprise(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence, torch.Tensor uniform)
    {
        if (!HasPixels)
        {
            return null;
        }

        var x = evidence.Blocks.unsqueeze(1);
        torch.Tensor[] numbers = [.. Enumerable.Range(0, Blocks).Select(block => Block(uniform, block))];
        long[] sizes = Array.ConvertAll(numbers, block => block.shape[1]);
        var padded = numbers.Select((block, index) =>
            sizes[index] == x.shape[3] ? block : torch.nn.functional.pad(block, [0, x.shape[3] - sizes[index]]));
        var distribution = BlockDistributions(codes, evidence);
        var drawn = distribution.FromUniform(torch.stack([.. padded]).view(Blocks, -1, x.shape[2], x.shape[3]));
        var logProb = distribution.LogProbPerPosition(x);
        var excess = (distribution.LogProbPerPosition(drawn) - logProb).mean([1, 2]);
        var standardized = distribution.Standardize(x).mean([1, 2]);
        long channels = x.shape[3] / excess.shape[1];
        torch.Tensor Unpadded(torch.Tensor values, int block, long perPosition) =>
            values.select(0, block).narrow(-1, 0, sizes[block] / perPosition);
        torch.Tensor? logLikelihood = null;
        for (int block = 0; block < Blocks; block++)
        {
            var sum = Unpadded(logProb, block, channels).sum(-1);
            logLikelihood = logLikelihood?.Plus(sum) ?? sum;
        }

        torch.Tensor Image(Func<int, torch.Tensor> values) =>
            Join([.. Enumerable.Range(0, Blocks).Select(block => values(block).unsqueeze(0))]).squeeze(0);
        return new DimensionSurprise(
            logLikelihood!,
            Image(block => Unpadded(excess, block, channels).repeat(channels).Over(channels)),
            Image(block => Unpadded(standardized, block, 1)));
    }

    /// <summary>
    /// The distributions of all blocks at once, each given the true blocks before it: [L, K, B, ...], of padded blocks.
    /// </summary>
    /// <param name="codes">All codes, each [K, B, N_l].</param>
    /// <param name="evidence">x, prepared.</param>
    protected virtual DataDistribution BlockDistributions(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence) =>
        throw new InvalidOperationException("Its pixels have no distributions.");

    /// <summary>Of a likelihood without codes, the noise that x is the image of, [B, D].</summary>
    /// <exception cref="SereException">The likelihood is no map of noise.</exception>
    public virtual torch.Tensor Noise(DataEvidence evidence) =>
        throw new InvalidOperationException("What x is the image of is known of flows alone.");

    /// <summary>Whether a block sees blocks before it, so that there is a residual data layer delta_l.</summary>
    public virtual bool HasResidual => false;

    /// <summary>
    /// What the residual data layer adds to gamma1 alone (Figure S7): log p(x_l | gamma1_l + delta_l) - log p(x_l | gamma1_l)
    /// of each block in nats. Zero for a block that sees none before it.
    /// </summary>
    /// <param name="codes">All codes, each [B, N_l], or [K, B, N_l] for K samples an image.</param>
    /// <param name="evidence">x, prepared.</param>
    /// <returns>[L, B], or [L, K, B].</returns>
    public virtual torch.Tensor ResidualGain(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence) =>
        throw new InvalidOperationException("There is no residual data layer.");

    /// <summary>Sets the constants of the data layers so that training starts around independent pixels with these means.</summary>
    /// <param name="mean">Mean of each dimension over the training data, [D].</param>
    public virtual void InitializeOutput(torch.Tensor mean)
    {
    }

    /// <summary>Fits what depends on the training data alone, before training; nothing for most.</summary>
    /// <param name="x">Training data, [N, D].</param>
    public virtual void FitSpace(torch.Tensor x)
    {
    }

    /// <summary>log|det| of the map from data to the space of the log-likelihood, [B]; zeros where that is the data's.</summary>
    /// <param name="x">[B, D].</param>
    public virtual torch.Tensor SpaceLogDeterminant(torch.Tensor x) => torch.zeros_like(x.select(-1, 0));

    /// <summary>Whether there are statistics to fit before an evaluation.</summary>
    public virtual bool HasStatistics => false;

    /// <summary>Fits the statistics of batch normalization to data and codes.</summary>
    /// <param name="batches">Data, each [B, D].</param>
    /// <param name="codes">The codes of each batch, each [B, N_l].</param>
    public virtual void FitStatistics(
        IReadOnlyList<torch.Tensor> batches, IReadOnlyList<IReadOnlyList<torch.Tensor>> codes)
    {
    }

    /// <summary>As <see cref="Prepare"/>, of x in its shape.</summary>
    protected abstract DataEvidence Evidence(torch.Tensor x);

    private GeneratedImages Walk(
        IReadOnlyList<torch.Tensor> codes, Func<int, DataDistribution, torch.Tensor> value)
    {
        var values = new List<torch.Tensor>(Blocks);
        var means = new List<torch.Tensor>(Blocks);
        for (int block = 0; block < Blocks; block++)
        {
            var distribution = Step(block, codes, values);
            values.Add(value(block, distribution));
            means.Add(distribution.Given(values[^1]).Mean);
        }

        return new GeneratedImages(Join(values), Join(means));
    }
}

/// <summary>Images that a model made.</summary>
/// <param name="Values">What was drawn, [B, D].</param>
/// <param name="Means">The mean of each dimension given the codes and the blocks before it, [B, D].</param>
public sealed record GeneratedImages(torch.Tensor Values, torch.Tensor Means);

/// <summary>How data surprises a model, dimension by dimension.</summary>
/// <param name="LogLikelihood">log p(x | z), [K, B].</param>
/// <param name="Excess">
/// -log p of each pixel in nats, less that of a draw of the model in its place, in equal shares for its channels; mean over
/// codes and data, [D].
/// </param>
/// <param name="Standardized">How many standard deviations each dimension lies above its mean; the mean of that, [D].</param>
internal sealed record DimensionSurprise(torch.Tensor LogLikelihood, torch.Tensor Excess, torch.Tensor Standardized);

/// <summary>The part of log p(x | z) that does not depend on z.</summary>
/// <param name="Blocks">x cut into padded blocks, [L, B, LargestBlock].</param>
/// <param name="Residual">What the data residual computes from x alone: [L', B, H], or null without coupling.</param>
internal sealed record DataEvidence(torch.Tensor Blocks, torch.Tensor? Residual);
