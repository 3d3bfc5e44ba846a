using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// An autoregressive transformation: element i is mapped elementwise by parameters that are a function of the elements
/// before it. The map is one pass, its inverse takes a pass for each dimension: from data to noise it is the direction of
/// densities of a masked autoregressive flow (Papamakarios et al. 2017) and of RQ-NSF (AR) (Durkan et al. 2019).
/// </summary>
public sealed class AutoregressiveBijector : Bijector
{
    private readonly Func<torch.Tensor, Bijector> _bind;
    private readonly Func<torch.Tensor, SequentialInverse?>? _sequential;

    /// <summary>A step that also knows how to be inverted element by element.</summary>
    /// <param name="bind">As in the other constructor.</param>
    /// <param name="sequential">
    /// For values [R, D], what gives the elementwise bijector of each element in turn; null where it cannot.
    /// </param>
    internal AutoregressiveBijector(
        Func<torch.Tensor, Bijector> bind, Func<torch.Tensor, SequentialInverse?> sequential)
        : this(bind)
    {
        _sequential = sequential;
    }

    /// <summary>A step.</summary>
    /// <param name="bind">
    /// The elementwise bijector of a vector [..., D]; what it does to element i must not depend on elements i..D.
    /// </param>
    public AutoregressiveBijector(Func<torch.Tensor, Bijector> bind)
    {
        _bind = bind;
    }

    /// <inheritdoc/>
    public override int EventRank => 1;

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var (y, logDeterminant) = _bind(x).Forward(x);
        return (y, EventSum.Of(logDeterminant, 1));
    }

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        ArgumentNullException.ThrowIfNull(y);
        if (!torch.is_grad_enabled() && y.dim() == 2 && _sequential?.Invoke(y) is { } sequential)
        {
            return sequential.Invert(y);
        }

        // Pass i makes element i right, since the elements before it are; what is not right yet reaches only later ones.
        var x = torch.zeros_like(y);
        var logDeterminant = x;
        for (long pass = 0; pass < y.shape[^1]; pass++)
        {
            (x, logDeterminant) = _bind(x).Inverse(y);
        }

        return (x, EventSum.Of(logDeterminant, 1));
    }
}
