using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>Elementwise y = (x - mean) exp(-logScale): what standardizes values of that mean and standard deviation.</summary>
public sealed class StandardizingBijector : Bijector
{
    private readonly torch.Tensor _mean;
    private readonly torch.Tensor _logScale;

    /// <summary>A map with the given tensors, which broadcast against the values.</summary>
    /// <param name="mean">Mean, any shape that broadcasts.</param>
    /// <param name="logScale">Logarithm of the standard deviation, any shape that broadcasts.</param>
    public StandardizingBijector(torch.Tensor mean, torch.Tensor logScale)
    {
        _mean = mean;
        _logScale = logScale;
    }

    /// <inheritdoc/>
    public override int EventRank => 0;

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var y = (x - _mean) * (-_logScale).exp();
        return (y, (-_logScale).expand_as(y));
    }

    /// <inheritdoc/>
    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        var x = _mean.Plus(_logScale.exp() * y);
        return (x, _logScale.expand_as(x));
    }
}
