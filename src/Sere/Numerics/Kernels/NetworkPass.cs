using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>The passes through one multilayer perceptron in memory. Who makes it keeps the tensors alive.</summary>
internal sealed unsafe class NetworkPass
{
    private static readonly ActivationRows Identity = ActivationRows.Of<IdentityKernel>();

    private readonly ProductPrecision _precision = ProductPrecisionScope.Current;
    private readonly NetworkTensors _network;
    private readonly ActivationRows _hidden;
    private readonly nint[] _weights;
    private readonly nint[] _biases;

    // The input, and then the values of each layer.
    private readonly nint[] _values;

    /// <summary>Passes of x [R, I] through a network.</summary>
    /// <param name="x">The input, contiguous.</param>
    /// <param name="network">The parameters.</param>
    /// <param name="hidden">Activation of the hidden layers.</param>
    /// <param name="values">Of each layer: [R, O].</param>
    public NetworkPass(torch.Tensor x, NetworkTensors network, ActivationRows hidden, torch.Tensor[] values)
    {
        _network = network;
        _hidden = hidden;
        _weights = Pointers(network.Weights);
        _biases = Pointers(network.Biases);
        _values = Pointers([x, .. values]);
    }

    /// <summary>The values of some rows.</summary>
    public void Forward(int first, int last)
    {
        for (int layer = 0; layer < _network.Layers; layer++)
        {
            int inputs = _network.Inputs(layer);
            int outputs = _network.Outputs(layer);
            Blas.Multiply(
                (float*)_values[layer] + ((long)first * inputs),
                false,
                (float*)_weights[layer],
                true,
                (float*)_values[layer + 1] + ((long)first * outputs),
                last - first,
                inputs,
                outputs,
                _precision);
            Activation(layer).Forward(
                (float*)_values[layer + 1], (float*)_biases[layer], null, 1, first, last, outputs);
        }
    }

    /// <summary>All gradients.</summary>
    /// <param name="rows">R.</param>
    /// <param name="gradient">Gradient of the last values.</param>
    /// <param name="hidden">Memory for the gradients of the hidden values.</param>
    /// <param name="parameters">Where the gradients of the parameters are written.</param>
    /// <param name="input">Where the gradient of x is written.</param>
    public void Backward(
        int rows, torch.Tensor gradient, torch.Tensor[] hidden, NetworkTensors parameters, torch.Tensor input)
    {
        nint[] targets = Pointers([input, .. hidden]);
        float* slopes = FloatMemory.Of(gradient);
        for (int layer = _network.Layers - 1; layer >= 0; layer--)
        {
            int inputs = _network.Inputs(layer);
            int outputs = _network.Outputs(layer);
            bool isLast = layer == _network.Layers - 1;
            Activation(layer).Backward(
                slopes,
                isLast ? null : (float*)_values[layer + 1],
                slopes,
                FloatMemory.Of(parameters.Biases[layer]),
                rows,
                outputs);
            Blas.Multiply(
                slopes,
                true,
                (float*)_values[layer],
                false,
                FloatMemory.Of(parameters.Weights[layer]),
                outputs,
                rows,
                inputs,
                _precision);
            Blas.Multiply(
                slopes,
                false,
                (float*)_weights[layer],
                false,
                (float*)targets[layer],
                rows,
                outputs,
                inputs,
                _precision);
            slopes = (float*)targets[layer];
        }

        GC.KeepAlive((gradient, hidden, parameters, input));
    }

    private ActivationRows Activation(int layer) => layer == _network.Layers - 1 ? Identity : _hidden;

    private static nint[] Pointers(torch.Tensor[] tensors) => [.. tensors.Select(tensor => (nint)FloatMemory.Of(tensor))];
}
