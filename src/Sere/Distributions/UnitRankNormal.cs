using Sere.Numerics;
using TorchSharp;

namespace Sere.Distributions;

/// <summary>
/// A normal distribution with the precision matrix P = diag(d) + u u^T (Rezende et al. 2014, eq. 9), all in O(N):
/// log|P| = sum log d + log(1 + u^T D^-1 u); a draw is mean + R n with R = D^-1/2 - k D^-1 u u^T D^-1/2, where
/// eta = 1 / (1 + u^T D^-1 u) and k = eta / (1 + sqrt(eta)), so that R R^T = P^-1, also at u = 0.
/// </summary>
public sealed class UnitRankNormal : Distribution, IReparameterized
{
    private static readonly double LogTwoPi = Math.Log(2 * Math.PI);
    private readonly torch.Tensor _mean;
    private readonly torch.Tensor _logDiagonal;
    private readonly torch.Tensor _direction;

    /// <summary>A normal distribution; the parameters broadcast against each other.</summary>
    /// <param name="mean">[..., N].</param>
    /// <param name="logDiagonal">log d, [..., N].</param>
    /// <param name="direction">u, [..., N].</param>
    public UnitRankNormal(torch.Tensor mean, torch.Tensor logDiagonal, torch.Tensor direction)
    {
        _mean = mean;
        _logDiagonal = logDiagonal;
        _direction = direction;
    }

    /// <inheritdoc/>
    public override int EventRank => 1;

    /// <inheritdoc/>
    public override torch.Tensor LogProb(torch.Tensor x)
    {
        var residual = x - _mean;
        var projection = (_direction * residual).sum(-1);
        var quadratic = (_logDiagonal.exp() * residual.Square()).sum(-1).Plus(projection.Square());
        return (LogPrecision() - quadratic).Times(0.5).Minus(0.5 * residual.shape[^1] * LogTwoPi);
    }

    /// <summary>The differential entropy in nats, [...].</summary>
    public torch.Tensor Entropy()
    {
        var logPrecision = LogPrecision();
        long size = torch.broadcast_tensors(_mean, _logDiagonal, _direction)[0].shape[^1];
        return (-logPrecision.Times(0.5)).Plus(0.5 * size * (1 + LogTwoPi));
    }

    /// <inheritdoc/>
    public torch.Tensor FromNoise(torch.Tensor noise, double temperature = 1)
    {
        var scaled = _logDiagonal.Times(-0.5).exp() * (temperature == 1 ? noise : noise.Times(temperature));
        var covector = _direction * (-_logDiagonal).exp();
        var eta = (_direction * covector).sum(-1, keepdim: true).Plus(1).reciprocal();
        var k = eta / eta.sqrt().Plus(1);
        return _mean.Plus(scaled) - (covector * k * (_direction * scaled).sum(-1, keepdim: true));
    }

    /// <inheritdoc/>
    public override torch.Tensor Sample(torch.Generator generator, params long[] sampleShape)
    {
        // Where only some parameters are batched, each element of the batch still has noise of its own.
        var shape = torch.broadcast_tensors(_mean, _logDiagonal, _direction)[0].shape;
        var noise = torch.randn([.. sampleShape, .. shape], _mean.dtype, generator: generator);
        return FromNoise(noise.to(_mean.device));
    }

    private torch.Tensor LogPrecision()
    {
        var capacitance = (_direction.Square() * (-_logDiagonal).exp()).sum(-1);
        return _logDiagonal.sum(-1).Plus(capacitance.log1p());
    }
}
