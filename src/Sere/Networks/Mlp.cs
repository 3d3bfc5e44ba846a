using Sere.Kernels;
using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Networks;

/// <summary>A multilayer perceptron: affine maps with an activation between them, none after the last.</summary>
internal sealed class Mlp : ParameterNetwork
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

    /// <summary>Weight [O, I] and bias [O] of each map, one after the other.</summary>
    internal IReadOnlyList<Parameter> Maps => [.. _weights.Zip(_biases).SelectMany(map => (Parameter[])[map.First, map.Second])];

    /// <summary>That of the hidden layers.</summary>
    internal Activation Activation => _activation;

    public override torch.Tensor Forward(torch.Tensor x)
    {
        for (int i = 0; i < _weights.Length; i++)
        {
            x = PerceptronLayer.Single(x, _weights[i], _biases[i], i < _weights.Length - 1 ? _activation : null);
        }

        return x;
    }
}

/// <summary>
/// A multilayer perceptron with batch normalization before the activation of each hidden layer, as ladders have it; none
/// after the last affine map.
/// </summary>
internal sealed class NormalizedMlp : StackedNetwork
{
    private readonly Parameter[] _weights;
    private readonly BatchNormalization[] _norms;
    private readonly Parameter[] _outputBias;
    private readonly Activation _activation;

    /// <summary>A perceptron with the given widths.</summary>
    /// <param name="inputs">Input size.</param>
    /// <param name="hidden">Widths of the hidden layers.</param>
    /// <param name="outputs">Output size; 0 for the last hidden layer as the output.</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="initializer">Draws the initial weights: normal with variance 1/fan-in.</param>
    /// <param name="outputGain">Factor on the initial weights of the last map.</param>
    public NormalizedMlp(
        int inputs,
        IReadOnlyList<int> hidden,
        int outputs,
        Activation activation,
        ParameterInitializer initializer,
        double outputGain = 1)
        : base(nameof(NormalizedMlp))
    {
        _activation = activation;
        _weights = new Parameter[hidden.Count + (outputs > 0 ? 1 : 0)];
        _norms = new BatchNormalization[hidden.Count];
        int width = inputs;
        for (int layer = 0; layer < _weights.Length; layer++)
        {
            bool isOutput = layer == hidden.Count;
            int next = isOutput ? outputs : hidden[layer];
            _weights[layer] = initializer.Normal((isOutput ? outputGain : 1) / Math.Sqrt(width), next, width);
            register_parameter($"weight{layer}", _weights[layer]);
            if (!isOutput)
            {
                _norms[layer] = new BatchNormalization(next, initializer);
                register_module($"norm{layer}", _norms[layer]);
            }

            width = next;
        }

        _outputBias = outputs > 0 ? [initializer.Constant(0, outputs)] : [];
        if (OutputBias is not null)
        {
            register_parameter("output_bias", OutputBias);
        }
    }

    /// <summary>A perceptron of a design, from and to flat features.</summary>
    public static NormalizedMlp Of(
        NetworkDesign design, FeatureShape input, FeatureShape output, ParameterInitializer initializer) =>
        design is PerceptronDesign perceptron
            ? new NormalizedMlp(input.Size, perceptron.Hidden, output.Size, perceptron.Activation, initializer)
            : throw new ArgumentException("Batch normalization here is that of perceptrons.", nameof(design));

    public override int Stack => 1;

    private Parameter? OutputBias => _outputBias.Length > 0 ? _outputBias[0] : null;

    public override (torch.Tensor Output, torch.Tensor Hidden) ForwardWithHidden(torch.Tensor x) =>
        ForwardOne(0, x.dim() == 2 ? x.unsqueeze(0) : x);

    /// <summary>Maps [..., inputs] to [..., outputs]; all leading dimensions are rows of one batch.</summary>
    public override (torch.Tensor Output, torch.Tensor Hidden) ForwardOne(int index, torch.Tensor x)
    {
        long[] leading = x.shape[..^1];
        x = x.reshape(-1, x.shape[^1]);
        for (int layer = 0; layer < _norms.Length; layer++)
        {
            x = _activation.Apply(_norms[layer].Forward(TensorMath.MatrixMultiply(x, _weights[layer])));
        }

        var output = OutputBias is null ? x : TensorMath.Linear(x, _weights[^1], OutputBias);
        return (output.view([.. leading, output.shape[^1]]), x.view([.. leading, x.shape[^1]]));
    }

    public override void InitializeOutput(torch.Tensor values)
    {
        torch.Tensor bias = OutputBias!;
        bias.copy_(values.view(bias.shape));
    }
}
