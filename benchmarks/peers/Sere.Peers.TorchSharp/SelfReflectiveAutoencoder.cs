using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Peers.TorchSharp;

/// <summary>The self-reflective VAE with perceptrons, written layer by layer.</summary>
public sealed class SelfReflectiveAutoencoder : torch.nn.Module
{
    private readonly PeerSettings _settings;
    private readonly double _residualOffset;
    private readonly ModuleList<Sequential> _encoders;
    private readonly ModuleList<LatentLayer> _latentLayers;
    private readonly ModuleList<DataLayer> _dataLayers;

    /// <summary>A model with the initial weights of TorchSharp's modules.</summary>
    public SelfReflectiveAutoencoder(PeerSettings settings)
        : base(nameof(SelfReflectiveAutoencoder))
    {
        ArgumentNullException.ThrowIfNull(settings);
        _settings = settings;
        _residualOffset = Perceptron.Logit(settings.InitialResidualScale);
        int[] layers = [.. Enumerable.Range(0, settings.Layers)];
        _encoders = torch.nn.ModuleList(
        [
            .. layers.Select(_ => Perceptron.Create(settings.Dimensions, settings.EvidenceHidden, 2 * settings.Latents)),
        ]);
        _latentLayers = torch.nn.ModuleList([.. layers.Select(layer => new LatentLayer(settings, layer == 0))]);
        _dataLayers = torch.nn.ModuleList(
        [
            .. layers.Select(layer => new DataLayer(
                settings, layer == 0 ? 0 : settings.BlockSize(layer - 1), settings.BlockSize(layer))),
        ]);
        register_module("encoders", _encoders);
        register_module("latent_layers", _latentLayers);
        register_module("data_layers", _dataLayers);
    }

    /// <summary>log p(x | z) and the divergence of images [B, D] with noise [B, L N], in nats, each [B].</summary>
    public (torch.Tensor LogLikelihood, torch.Tensor Divergence) Forward(torch.Tensor x, torch.Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(noise);
        long[] sizes = [.. Enumerable.Range(0, _settings.Layers).Select(layer => (long)_settings.BlockSize(layer))];
        var blocks = x.split(sizes, 1);
        var noises = noise.split(_settings.Latents, 1);
        var logLikelihood = torch.zeros(x.shape[0], dtype: x.dtype);
        var divergence = torch.zeros(x.shape[0], dtype: x.dtype);
        torch.Tensor? code = null;
        torch.Tensor? previous = null;
        for (int layer = 0; layer < _settings.Layers; layer++)
        {
            var residuals = _encoders[layer].forward(x).chunk(2, -1);
            var logScaleResidual = torch.nn.functional.logsigmoid(residuals[1].Plus(_residualOffset));
            (code, var cost) = _latentLayers[layer].Forward(code, residuals[0], logScaleResidual, noises[layer]);
            var logits = _dataLayers[layer].Forward(code, previous);
            previous = blocks[layer];
            var crossEntropy = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, previous, reduction: torch.nn.Reduction.None);
            logLikelihood -= crossEntropy.sum(-1);
            divergence = divergence.Plus(cost);
        }

        return (logLikelihood, divergence);
    }

    /// <summary>Takes weights by the names of this model's parameters.</summary>
    public void Load(IReadOnlyDictionary<string, torch.Tensor> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        using var noGrad = torch.no_grad();
        foreach (var (name, parameter) in named_parameters())
        {
            parameter.copy_(weights[name]);
        }
    }
}
