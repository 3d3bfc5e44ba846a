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
/// S multilayer perceptrons of the same widths with independent weights, computed as batched matrix products. Weights
/// are stacked: [S, inputs, outputs]; biases [S, 1, outputs].
/// </summary>
internal sealed class StackedMlp : StackedNetwork
{
    private readonly Parameter[] _weights;
    private readonly Parameter[] _biases;
    private readonly Activation _activation;

    /// <summary>A stack of perceptrons.</summary>
    /// <param name="stack">Number of perceptrons, S.</param>
    /// <param name="inputs">Input size of each.</param>
    /// <param name="hidden">Widths of the hidden layers; none gives affine maps.</param>
    /// <param name="outputs">Output size of each.</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="initializer">Draws the initial weights: normal with variance 1/fan-in.</param>
    /// <param name="outputGain">Factor on the initial weights of the last layer.</param>
    public StackedMlp(
        int stack,
        int inputs,
        IReadOnlyList<int> hidden,
        int outputs,
        Activation activation,
        ParameterInitializer initializer,
        double outputGain = 1)
        : base(nameof(StackedMlp))
    {
        Stack = stack;
        _activation = activation;
        int[] widths = [inputs, .. hidden, outputs];
        _weights = new Parameter[widths.Length - 1];
        _biases = new Parameter[widths.Length - 1];
        for (int i = 0; i < _weights.Length; i++)
        {
            double gain = i == _weights.Length - 1 ? outputGain : 1;
            _weights[i] = initializer.Normal(gain / Math.Sqrt(widths[i]), stack, widths[i], widths[i + 1]);
            _biases[i] = initializer.Constant(0, stack, 1, widths[i + 1]);
            register_parameter($"weight{i}", _weights[i]);
            register_parameter($"bias{i}", _biases[i]);
        }
    }

    public override int Stack { get; }

    public override (torch.Tensor Output, torch.Tensor Hidden) ForwardWithHidden(torch.Tensor x) =>
        Pass(x.dim() == 2 ? x.unsqueeze(0).expand(Stack, -1, -1) : x, all => all);

    /// <summary>
    /// One perceptron alone, with the activations of its last hidden layer: [B, inputs] to [B, outputs]. Equal to its
    /// slice of <see cref="ForwardWithHidden"/> up to rounding.
    /// </summary>
    public override (torch.Tensor Output, torch.Tensor Hidden) ForwardOne(int index, torch.Tensor x)
    {
        var (output, hidden) = Pass(x.unsqueeze(0), all => all.narrow(0, index, 1));
        return (output.squeeze(0), hidden.squeeze(0));
    }

    private (torch.Tensor Output, torch.Tensor Hidden) Pass(torch.Tensor x, Func<torch.Tensor, torch.Tensor> part)
    {
        for (int i = 0; i < _weights.Length - 1; i++)
        {
            x = PerceptronLayer.Stacked(x, part(_weights[i]), part(_biases[i]), _activation);
        }

        return (PerceptronLayer.Stacked(x, part(_weights[^1]), part(_biases[^1]), activation: null), x);
    }

    public override void InitializeOutput(torch.Tensor values) => _biases[^1].copy_(values);
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

/// <summary>Multilayer perceptrons; the default. JSON kind "mlp".</summary>
public sealed record PerceptronDesign : NetworkDesign
{
    /// <summary>Perceptrons of the default widths.</summary>
    public PerceptronDesign()
    {
    }

    /// <summary>Perceptrons with these hidden widths; none gives affine maps.</summary>
    public PerceptronDesign(IReadOnlyList<int> hidden, Activation activation = Activation.Elu) =>
        (Hidden, Activation) = (hidden, activation);

    /// <summary>Width of each hidden layer; [] for a linear map. The list is copied when it is set.</summary>
    [In("[1, 65536]", Widths = "[0, 100]")]
    public IReadOnlyList<int> Hidden { get; init => field = [.. value]; } = [200, 200];

    /// <summary>Nonlinearity after each hidden layer.</summary>
    public Activation Activation { get; init; } = Activation.Elu;

    /// <summary>Whether both have the same widths, in order, and the same nonlinearity.</summary>
    public bool Equals(PerceptronDesign? other) =>
        other is not null && Activation == other.Activation && Hidden.SequenceEqual(other.Hidden);

    /// <summary>A hash of the widths and the nonlinearity.</summary>
    public override int GetHashCode() => HashCode.Combine(Activation, Hash(Hidden));

    internal override bool IsConvolutional => false;

    internal override ParameterNetwork Create(
        FeatureShape input, FeatureShape output, ParameterInitializer initializer, double outputGain = 1) =>
        new Mlp(input.Size, Hidden, output.Size, Activation, initializer, outputGain);

    internal override StackedNetwork CreateStack(
        int stack, FeatureShape input, FeatureShape output, ParameterInitializer initializer, double outputGain = 1) =>
        new StackedMlp(stack, input.Size, Hidden, output.Size, Activation, initializer, outputGain);

    internal override FeatureShape Features(FeatureShape input, FeatureShape output) =>
        FeatureShape.Vector(Hidden.Count > 0 ? Hidden[^1] : input.Size);

    internal override ParameterNetwork CreateStep(FeatureShape features, ParameterInitializer initializer) =>
        new Mlp(features.Size, [features.Size], features.Size, Activation, initializer);

    internal override ParameterNetwork CreateHead(
        FeatureShape features, FeatureShape output, ParameterInitializer initializer, double outputGain) =>
        new Mlp(features.Size, [], output.Size, Activation, initializer, outputGain);

    internal override RefinementNetwork CreateJointRefinement(
        int stack, FeatureShape known, FeatureShape code, FeatureShape output, ParameterInitializer initializer) =>
        new JointPerceptronRefinement(
            stack, known.Size, Hidden, output.Size, Features(code, output).Size, Activation, initializer);
}
