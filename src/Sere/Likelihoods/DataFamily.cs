using Sere.Distributions;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// The distribution of one data dimension: how unconstrained parameters become a distribution. Residuals are added in the
/// unconstrained parameters; squashing and floors come after the sum.
/// </summary>
public abstract class DataFamily
{
    /// <summary>Unconstrained parameters of a data dimension, P.</summary>
    public abstract int ParametersPerDimension { get; }

    /// <summary>"discrete" for masses, "data" for densities: the space of the log-likelihood.</summary>
    public abstract string Space { get; }

    /// <summary>The distribution of D dimensions from parameters [..., P D]: all first parameters, then all second ones.</summary>
    public abstract FactorizedDistribution Bind(torch.Tensor parameters);

    /// <summary>log p(x | parameters) in nats of whole blocks of dimensions.</summary>
    /// <param name="parameters">Unconstrained parameters, [S, K, B, P D].</param>
    /// <param name="blocks">Data, [S, B, D].</param>
    /// <param name="mask">1 for a dimension, 0 for padding, [S, 1, D].</param>
    /// <returns>[K, B].</returns>
    public virtual torch.Tensor LogLikelihood(torch.Tensor parameters, torch.Tensor blocks, torch.Tensor mask)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        ArgumentNullException.ThrowIfNull(mask);
        return (Bind(parameters).LogProbPerDimension(blocks.unsqueeze(1)) * mask.unsqueeze(1)).sum([0, 3]);
    }

    /// <summary>
    /// Unconstrained parameters [P D] with which independent dimensions have the given means: where training starts.
    /// </summary>
    /// <param name="mean">Mean of each dimension over the training data, [D].</param>
    public abstract torch.Tensor InitialParameters(torch.Tensor mean);
}
