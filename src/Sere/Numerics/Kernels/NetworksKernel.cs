using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>
/// Several multilayer perceptrons of one input, and their gradients. A thread takes some rows through a whole network, or a
/// whole network back, so that threads meet once a pass and not once a product: where the products are as small as the
/// chain's, meeting took longer than computing (docs/performance.md).
/// </summary>
internal static class NetworksKernel
{
    /// <summary>The values of all layers of all networks.</summary>
    /// <param name="x">[R, I], contiguous.</param>
    /// <param name="networks">Their parameters.</param>
    /// <param name="activations">Activations of their hidden layers.</param>
    /// <returns>For each network, of each layer: [R, O].</returns>
    public static torch.Tensor[][] Forward(torch.Tensor x, NetworkTensors[] networks, ActivationRows[] activations)
    {
        int rows = (int)x.shape[0];
        torch.Tensor[][] values =
            [.. networks.Select(network => network.Biases.Select(bias => torch.empty([rows, bias.shape[0]])).ToArray())];
        var passes = Passes(x, networks, activations, values);
        int blocks = PerceptronKernel.Blocks(networks.Length, rows);
        ParallelWork.For(networks.Length * blocks, Elements(networks, rows), piece =>
        {
            int block = piece % blocks;
            passes[piece / blocks].Forward(
                (int)((long)rows * block / blocks), (int)((long)rows * (block + 1) / blocks));
        });
        GC.KeepAlive((x, networks, values));
        return values;
    }

    /// <summary>The gradients of all parameters, and of x.</summary>
    /// <param name="x">As in the forward pass.</param>
    /// <param name="networks">As in the forward pass.</param>
    /// <param name="activations">As in the forward pass.</param>
    /// <param name="values">What the forward pass gave.</param>
    /// <param name="gradients">Gradients of the values of the last layers, [R, O], contiguous.</param>
    /// <returns>The parameters' gradients of each network, and that of x, [R, I].</returns>
    public static (NetworkTensors[] Parameters, torch.Tensor Input) Backward(
        torch.Tensor x,
        NetworkTensors[] networks,
        ActivationRows[] activations,
        torch.Tensor[][] values,
        torch.Tensor[] gradients)
    {
        int rows = (int)x.shape[0];
        var parameters = networks.Select(Like).ToArray();
        var inputs = networks.Select(_ => torch.empty_like(x)).ToArray();
        torch.Tensor[][] hidden = [.. values.Select(layers => layers.SkipLast(1).Select(value => torch.empty_like(value)).ToArray())];
        var passes = Passes(x, networks, activations, values);
        ParallelWork.For(networks.Length, 2 * Elements(networks, rows), network => passes[network].Backward(
            rows, gradients[network], hidden[network], parameters[network], inputs[network]));
        GC.KeepAlive((x, networks, values));
        return (parameters, inputs.Aggregate((sum, gradient) => sum.PlusInPlace(gradient)));
    }

    private static NetworkPass[] Passes(
        torch.Tensor x, NetworkTensors[] networks, ActivationRows[] activations, torch.Tensor[][] values) =>
    [
        .. networks.Select((network, index) => new NetworkPass(x, network, activations[index], values[index])),
    ];

    private static NetworkTensors Like(NetworkTensors network) => new(
        [.. network.Weights.Select(weight => torch.empty(weight.shape))],
        [.. network.Biases.Select(bias => torch.empty(bias.shape))]);

    private static long Elements(NetworkTensors[] networks, int rows) =>
        networks.Sum(network => network.Weights.Sum(weight => weight.numel()))
        * rows * 2 / PerceptronKernel.OperationsPerElement;
}

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
