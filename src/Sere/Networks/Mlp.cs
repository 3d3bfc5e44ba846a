using Sere.Numerics.Kernels;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Networks;

/// <summary>A multilayer perceptron: affine maps with an activation between them, none after the last.</summary>
public sealed class Mlp : ParameterNetwork
{
    private readonly Parameter[] _weights;
    private readonly Parameter[] _biases;
    private readonly Activation _activation;

    /// <summary>A perceptron with the given widths.</summary>
    /// <param name="inputs">Input size.</param>
    /// <param name="hidden">Widths of the hidden layers; none gives an affine map.</param>
    /// <param name="outputs">Output size.</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="initializer">Draws the initial weights: normal with variance 1/fan-in.</param>
    /// <param name="outputGain">Factor on the initial weights of the last layer.</param>
    public Mlp(
        int inputs,
        IReadOnlyList<int> hidden,
        int outputs,
        Activation activation,
        ParameterInitializer initializer,
        double outputGain = 1)
        : base(nameof(Mlp))
    {
        ArgumentNullException.ThrowIfNull(hidden);
        ArgumentNullException.ThrowIfNull(initializer);
        _activation = activation;
        int[] widths = [inputs, .. hidden, outputs];
        _weights = new Parameter[widths.Length - 1];
        _biases = new Parameter[widths.Length - 1];
        for (int i = 0; i < _weights.Length; i++)
        {
            double gain = i == _weights.Length - 1 ? outputGain : 1;
            _weights[i] = initializer.Normal(gain / Math.Sqrt(widths[i]), widths[i + 1], widths[i]);
            _biases[i] = initializer.Constant(0, widths[i + 1]);
            register_parameter($"weight{i}", _weights[i]);
            register_parameter($"bias{i}", _biases[i]);
        }
    }

    /// <inheritdoc/>
    public override torch.Tensor Forward(torch.Tensor x)
    {
        for (int i = 0; i < _weights.Length; i++)
        {
            x = PerceptronLayer.Single(x, _weights[i], _biases[i], i < _weights.Length - 1 ? _activation : null);
        }

        return x;
    }

    /// <summary>Several perceptrons of one input [..., inputs]: their outputs, each [..., outputs].</summary>
    internal static IReadOnlyList<torch.Tensor> ForwardTogether(IReadOnlyList<Mlp> networks, torch.Tensor x)
    {
        Activation[] activations = [.. networks.Select(network => network._activation)];
        NetworkTensors[] tensors =
            [.. networks.Select(network => new NetworkTensors(network._weights, network._biases))];
        if (networks.Count < 2 || !NetworksFunction.Takes(x, tensors, activations))
        {
            return [.. networks.Select(network => network.Forward(x))];
        }

        long[] outer = x.shape[..^1];
        var outputs = NetworksFunction.Apply(
            outer.Length == 1 ? x : x.reshape(-1, x.shape[^1]),
            tensors,
            activations);
        return outer.Length == 1 ? outputs : [.. outputs.Select(output => output.view([.. outer, output.shape[^1]]))];
    }
}
