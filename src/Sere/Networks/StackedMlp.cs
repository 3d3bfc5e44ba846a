using Sere.Kernels;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Networks;

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

    public override (torch.Tensor Output, torch.Tensor Hidden) ForwardWithHidden(torch.Tensor x)
    {
        if (x.dim() == 2)
        {
            x = x.unsqueeze(0).expand(Stack, -1, -1);
        }

        for (int i = 0; i < _weights.Length - 1; i++)
        {
            x = PerceptronLayer.Stacked(x, _weights[i], _biases[i], _activation);
        }

        return (PerceptronLayer.Stacked(x, _weights[^1], _biases[^1], activation: null), x);
    }

    /// <summary>
    /// One perceptron alone, with the activations of its last hidden layer: [B, inputs] to [B, outputs]. Equal to its
    /// slice of <see cref="ForwardWithHidden"/> up to rounding.
    /// </summary>
    public override (torch.Tensor Output, torch.Tensor Hidden) ForwardOne(int index, torch.Tensor x)
    {
        x = x.unsqueeze(0);
        for (int i = 0; i < _weights.Length - 1; i++)
        {
            x = PerceptronLayer.Stacked(
                x, _weights[i].narrow(0, index, 1), _biases[i].narrow(0, index, 1), _activation);
        }

        var output = PerceptronLayer.Stacked(
            x, _weights[^1].narrow(0, index, 1), _biases[^1].narrow(0, index, 1), activation: null);
        return (output.squeeze(0), x.squeeze(0));
    }

    public override void InitializeOutput(torch.Tensor values) => _biases[^1].copy_(values);
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
