using Sere.Peers.TorchSharp;
using TorchSharp;

namespace Sere.Peers.Reference;

/// <summary>
/// Takes Sere's parameters, which are stacked over the layers, apart into those of a model written layer by layer. What
/// holds for parameters holds for their gradients.
/// </summary>
public static class LayerwiseParameters
{
    /// <summary>The tensors of the layers by the names that the peers give them.</summary>
    /// <param name="stacked">Tensors by the names and with the shapes of Sere's parameters.</param>
    /// <param name="settings">Sizes of the model.</param>
    public static IReadOnlyDictionary<string, torch.Tensor> Split(
        IReadOnlyDictionary<string, torch.Tensor> stacked,
        PeerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(stacked);
        ArgumentNullException.ThrowIfNull(settings);
        var layers = new Dictionary<string, torch.Tensor>(StringComparer.Ordinal);
        int dataHidden = settings.DataHidden.Length;

        // Stacked weights are [layers, inputs, outputs], those of a linear layer [outputs, inputs].
        void Linear(string name, string weight, string? bias, int index, int? outputs = null)
        {
            layers.Add($"{name}.weight", Rows(stacked[weight].select(0, index).transpose(0, 1), outputs));
            if (bias is not null)
            {
                layers.Add($"{name}.bias", Rows(stacked[bias].select(0, index).select(0, 0), outputs));
            }
        }

        void Perceptron(string name, string source, int index, int linears)
        {
            for (int i = 0; i < linears; i++)
            {
                Linear($"{name}.{2 * i}", $"{source}.weight{i}", $"{source}.bias{i}", index);
            }
        }

        void ChainNetwork(string name, string source, int linears)
        {
            for (int i = 0; i < linears; i++)
            {
                layers.Add($"{name}.{2 * i}.weight", stacked[$"{source}.parameters.network.weight{i}"]);
                layers.Add($"{name}.{2 * i}.bias", stacked[$"{source}.parameters.network.bias{i}"]);
            }
        }

        for (int layer = 0; layer < settings.Layers; layer++)
        {
            string latent = $"latent_layers.{layer}";
            string data = $"data_layers.{layer}";
            int pixels = settings.BlockSize(layer);
            Perceptron($"encoders.{layer}", "encoder.networks", layer, settings.EvidenceHidden.Length + 1);
            Perceptron($"{data}.trunk.0", "likelihood.latent", layer, dataHidden);
            Linear(
                $"{data}.head", $"likelihood.latent.weight{dataHidden}", $"likelihood.latent.bias{dataHidden}", layer, pixels);
            if (layer == 0)
            {
                layers.Add($"{latent}.constant", stacked["hierarchy.layer0.bijector.parameters.constant"]);
                continue;
            }

            ChainNetwork($"{latent}.prior", $"hierarchy.layer{layer}.prior", settings.PriorHidden.Length + 1);
            ChainNetwork($"{latent}.bijector", $"hierarchy.layer{layer}.bijector", settings.BijectorHidden.Length + 1);
            const string Residual = "likelihood.residual";
            Perceptron($"{data}.evidence", $"{Residual}.evidence", layer - 1, dataHidden);
            Linear($"{data}.join", $"{Residual}.join", null, layer - 1);
            Linear($"{data}.residual", $"{Residual}.output_weight", $"{Residual}.output_bias", layer - 1, pixels);
        }

        return layers;
    }

    // The last block is shorter than the others, to whose size Sere pads it.
    private static torch.Tensor Rows(torch.Tensor tensor, int? outputs) =>
        (outputs is { } rows ? tensor.narrow(0, 0, rows) : tensor).contiguous();
}
