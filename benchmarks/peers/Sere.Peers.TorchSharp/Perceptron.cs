using TorchSharp;

namespace Sere.Peers.TorchSharp;

/// <summary>What the layers are made of.</summary>
internal static class Perceptron
{
    /// <summary>Linear layers with ELU between them.</summary>
    public static global::TorchSharp.Modules.Sequential Create(int inputs, IEnumerable<int> hidden, int outputs)
    {
        var layers = new List<torch.nn.Module<torch.Tensor, torch.Tensor>>();
        foreach (int width in hidden)
        {
            layers.Add(torch.nn.Linear(inputs, width));
            layers.Add(torch.nn.ELU());
            inputs = width;
        }

        return torch.nn.Sequential([.. layers, torch.nn.Linear(inputs, outputs)]);
    }

    /// <summary>log(p / (1 - p)).</summary>
    public static double Logit(double probability) => Math.Log(probability / (1 - probability));
}
