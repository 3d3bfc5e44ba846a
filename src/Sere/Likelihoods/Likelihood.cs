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
