using Sere.Distributions;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// The distribution of data, position by position: how unconstrained parameters become a distribution. Residuals are added in the
/// unconstrained parameters; squashing and floors come after the sum.
/// </summary>
public abstract class DataFamily
{
    /// <summary>
    /// C, the dimensions of a position: 1 where dimensions are independent, else the channels of a pixel. A block of C > 1
    /// holds whole pixels, channel by channel.
    /// </summary>
    public virtual int Channels => 1;

    /// <summary>Unconstrained parameters of a position, P.</summary>
    public abstract int ParametersPerPosition { get; }

    /// <summary>"discrete" for masses, "data" for densities: the space of the log-likelihood.</summary>
    public abstract string Space { get; }

    /// <summary>Unconstrained parameters of a block of so many dimensions.</summary>
    /// <param name="dimensions">Dimensions, a multiple of <see cref="Channels"/>.</param>
    public int ParameterCount(int dimensions) => dimensions / Channels * ParametersPerPosition;

    /// <summary>
    /// The distribution of D / C positions from parameters [..., P D / C]: all first parameters, then all second ones.
    /// </summary>
    public abstract DataDistribution Bind(torch.Tensor parameters);

    /// <summary>log p(x | parameters) in nats of whole blocks of dimensions.</summary>
    /// <param name="parameters">Unconstrained parameters, [S, K, B, P D / C].</param>
    /// <param name="blocks">Data, [S, B, D].</param>
    /// <param name="mask">1 for a dimension, 0 for padding, [S, 1, D].</param>
    /// <returns>[K, B].</returns>
    public virtual torch.Tensor LogLikelihood(torch.Tensor parameters, torch.Tensor blocks, torch.Tensor mask)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        ArgumentNullException.ThrowIfNull(mask);
        var perPosition = Bind(parameters).LogProbPerPosition(blocks.unsqueeze(1));
        return (perPosition * mask.narrow(-1, 0, perPosition.shape[^1]).unsqueeze(1)).sum([0, 3]);
    }

    /// <summary>
    /// Unconstrained parameters [P D / C] with which independent dimensions have the given means: where training starts.
    /// </summary>
    /// <param name="mean">Mean of each dimension over the training data, [D].</param>
    public abstract torch.Tensor InitialParameters(torch.Tensor mean);
}
