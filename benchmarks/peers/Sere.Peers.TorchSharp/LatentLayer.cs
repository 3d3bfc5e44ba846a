using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Peers.TorchSharp;

/// <summary>
/// Prior, posterior (eq. 9), divergence (eq. 10) and bijector of one layer. The first has no code to depend on.
/// </summary>
internal sealed class LatentLayer : torch.nn.Module
{
    private readonly PeerSettings _settings;
    private readonly Sequential? _prior;
    private readonly Sequential? _bijector;
    private readonly Parameter? _constant;
    private readonly double _directionBound;

    public LatentLayer(PeerSettings settings, bool first)
        : base(nameof(LatentLayer))
    {
        _settings = settings;
        _directionBound = Math.Sqrt(Math.Min(1, 10.0 / settings.Latents));
        if (first)
        {
            _constant = new Parameter(torch.zeros(3 * settings.Latents));
            register_parameter("constant", _constant);
        }
        else
        {
            _prior = Perceptron.Create(settings.Latents, settings.PriorHidden, 2 * settings.Latents);
            _bijector = Perceptron.Create(settings.Latents, settings.BijectorHidden, 3 * settings.Latents);
            register_module("prior", _prior);
            register_module("bijector", _bijector);
        }
    }

    /// <summary>The code [B, N] and the divergence in nats, [B].</summary>
    public (torch.Tensor Code, torch.Tensor Divergence) Forward(
        torch.Tensor? code,
        torch.Tensor meanResidual,
        torch.Tensor logScaleResidual,
        torch.Tensor noise)
    {
        torch.Tensor mean, logScale;
        torch.Tensor[] parts;
        if (_constant is not null)
        {
            mean = torch.zeros_like(noise);
            logScale = torch.zeros_like(noise);
            parts = _constant.chunk(3);
        }
        else
        {
            var prior = _prior!.forward(code!).chunk(2, -1);
            mean = prior[0].Over(_settings.MeanBound).tanh().Times(_settings.MeanBound);
            logScale = Interval(prior[1], Math.Log(_settings.ScaleFloor), Math.Log(_settings.ScaleCeiling), 0);
            parts = _bijector!.forward(code!).chunk(3, -1);
        }

        var scaleResidual = logScaleResidual.exp();
        var latent = (mean * scaleResidual).Plus(meanResidual).Plus(logScale.Plus(logScaleResidual).exp() * noise);
        var distance = (meanResidual - ((-scaleResidual).Plus(1) * mean)) / logScale.exp();
        var divergence = (distance.Square().Times(0.5).Plus(scaleResidual.Square().Times(0.5)) - logScaleResidual)
            .Minus(0.5);

        var diagonal = Interval(parts[1], _settings.DiagonalFloor, _settings.DiagonalCeiling, 1);
        var direction = parts[2].tanh().Times(_directionBound);
        var projection = (direction * latent).sum(-1, keepdim: true);
        return (parts[0].Plus(diagonal * latent).Plus(direction * projection), divergence.sum(-1));
    }

    private static torch.Tensor Interval(torch.Tensor x, double floor, double ceiling, double start) =>
        x.Plus(Perceptron.Logit((start - floor) / (ceiling - floor))).sigmoid().Times(ceiling - floor).Plus(floor);
}
