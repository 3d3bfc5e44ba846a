using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// One step of an inverse autoregressive flow (Kingma et al. 2016): z_i = s_i eps_i + (1 - s_i) m_i with (m_i, s_i) a function
/// of eps_1..eps_{i-1}, the gated form in which no step can grow without limit. The map is one pass; its inverse takes a pass
/// for each dimension. log|det| = sum log s_i.
/// </summary>
public sealed class InverseAutoregressiveBijector : Bijector
{
    private readonly Func<torch.Tensor, (torch.Tensor Mean, torch.Tensor Gate)> _parameters;

    /// <summary>A step.</summary>
    /// <param name="parameters">
    /// (m, s) of a vector [..., N], each [..., N] with s within (0, 1); element i must not depend on elements i..N of the
    /// vector.
    /// </param>
    public InverseAutoregressiveBijector(Func<torch.Tensor, (torch.Tensor Mean, torch.Tensor Gate)> parameters)
    {
        _parameters = parameters;
    }

    /// <inheritdoc/>
    public override int EventRank => 1;

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var (mean, gate) = _parameters(x);
        return (mean.Plus(gate * (x - mean)), gate.log().sum(-1));
    }

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        ArgumentNullException.ThrowIfNull(y);

        // Pass i makes element i right, since the elements before it are; what is not right yet reaches only later ones.
        var x = torch.zeros_like(y);
        var logDeterminant = x;
        for (long pass = 0; pass < y.shape[^1]; pass++)
        {
            var (mean, gate) = _parameters(x);
            x = mean.Plus((y - mean) / gate);
            logDeterminant = -gate.log().sum(-1);
        }

        return (x, logDeterminant);
    }

    /// <inheritdoc/>
    public override torch.Tensor Transform(torch.Tensor x)
    {
        var (mean, gate) = _parameters(x);
        return mean.Plus(gate * (x - mean));
    }
}
