using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>The tensors of one multilayer perceptron: of its parameters, or of their gradients.</summary>
/// <param name="Weights">Of each layer, [O, I], contiguous.</param>
/// <param name="Biases">Of each layer, [O].</param>
internal sealed record NetworkTensors(torch.Tensor[] Weights, torch.Tensor[] Biases)
{
    /// <summary>Number of layers.</summary>
    public int Layers => Weights.Length;

    /// <summary>Outputs of a layer.</summary>
    public int Outputs(int layer) => (int)Weights[layer].shape[0];

    /// <summary>Inputs of a layer.</summary>
    public int Inputs(int layer) => (int)Weights[layer].shape[1];
}
