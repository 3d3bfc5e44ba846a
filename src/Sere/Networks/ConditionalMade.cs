using Sere.Numerics.Kernels;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Networks;

/// <summary>
/// A masked autoencoder for distribution estimation (Germain et al. 2015) with a context: P parameters for each of D
/// inputs, those of input i a function of the inputs before it and of the whole context, which no mask touches. The hidden
/// degrees are spread evenly over 1..D-1, so that also a narrow network reaches almost all inputs.
/// </summary>
public sealed class ConditionalMade : torch.nn.Module
{
    private const double GoldenRatio = 0.6180339887498949;
    private readonly Parameter[] _weights;
    private readonly Parameter[] _biases;
    private readonly Parameter[] _contextWeights;
    private readonly torch.Tensor[] _masks;
    private readonly MaskStaircase[] _staircases;
    private readonly Activation _activation;
    private readonly int _inputs;
    private readonly int _parametersPerInput;
    private readonly int[][] _hiddenDegrees;

    /// <summary>A network with freshly drawn parameters.</summary>
    /// <param name="inputs">D.</param>
    /// <param name="context">Size of the context; 0 for none.</param>
    /// <param name="hidden">Widths of the hidden layers; none gives an affine map.</param>
    /// <param name="parametersPerInput">P.</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="initializer">Draws the weights: normal, with the variance of 1/(inputs that the masks leave).</param>
    /// <param name="outputGain">Factor on the initial weights of the last layer.</param>
    /// <param name="phase">In [0, 1): shifts the hidden degrees by a part of their spacing; see <see cref="Phase"/>.</param>
    public ConditionalMade(
        int inputs,
        int context,
        IReadOnlyList<int> hidden,
        int parametersPerInput,
        Activation activation,
        ParameterInitializer initializer,
        double outputGain = 1,
        double phase = 0)
        : base(nameof(ConditionalMade))
    {
        ArgumentNullException.ThrowIfNull(hidden);
        ArgumentNullException.ThrowIfNull(initializer);
        _inputs = inputs;
        _parametersPerInput = parametersPerInput;
        _activation = activation;
        _hiddenDegrees = [.. hidden.Select(width => HiddenDegrees(width, inputs, phase))];
        int[][] degrees =
        [
            [.. Enumerable.Range(1, inputs)],
            .. _hiddenDegrees,
            [.. Enumerable.Repeat(Enumerable.Range(1, inputs), parametersPerInput).SelectMany(range => range)],
        ];
        int layers = degrees.Length - 1;
        _weights = new Parameter[layers];
        _biases = new Parameter[layers];
        _contextWeights = context == 0 ? [] : new Parameter[layers];
        _masks = new torch.Tensor[layers];
        _staircases = new MaskStaircase[layers];
        for (int layer = 0; layer < layers; layer++)
        {
            int[] from = degrees[layer];
            int[] to = degrees[layer + 1];
            double gain = layer == layers - 1 ? outputGain : 1;
            _staircases[layer] = Staircase(from, to, isOutput: layer == layers - 1);
            _masks[layer] = Mask(from, to, isOutput: layer == layers - 1, initializer);

            // About half of the inputs are masked out.
            _weights[layer] = initializer.Normal(gain * Math.Sqrt(2.0 / from.Length), 1, from.Length, to.Length);
            _biases[layer] = initializer.Constant(0, 1, 1, to.Length);
            register_parameter($"weight{layer}", _weights[layer]);
            register_parameter($"bias{layer}", _biases[layer]);
            if (context > 0)
            {
                _contextWeights[layer] = initializer.Normal(gain / Math.Sqrt(context), context, to.Length);
                register_parameter($"context_weight{layer}", _contextWeights[layer]);
            }
        }
    }

    /// <summary>
    /// The phase of a step of a flow. Inputs between two hidden degrees share what they may depend on, so that none of them
    /// depends on another. Were the degrees of all steps the same, no step would see what ties such inputs to each other:
    /// on images, the colours of a pixel.
    /// </summary>
    /// <param name="step">Which step of the flow, from 0.</param>
    /// <returns>The fractional part of multiples of the golden ratio, which fills [0, 1) evenly for any number of steps.</returns>
    internal static double Phase(int step) => step * GoldenRatio % 1;

    /// <summary>Which input may reach which parameter, as the product of the masks: [P D, D], greater than 0 where it may.</summary>
    public torch.Tensor MaskProduct() => _masks.Select(mask => mask.squeeze(0).t()).Aggregate((product, mask) => mask.mm(product));

    /// <summary>
    /// The part of each layer that depends on the context alone: computed once, used by every pass of a sequential inverse.
    /// </summary>
    /// <param name="context">[..., C], or null for a network without one.</param>
    /// <exception cref="ArgumentException">A context is missing, or one is given where none is used.</exception>
    public IReadOnlyList<torch.Tensor> Prepare(torch.Tensor? context)
    {
        if (context is null != (_contextWeights.Length == 0))
        {
            throw new ArgumentException(
                context is null ? "This network needs a context." : "This network takes no context.", nameof(context));
        }

        return context is null
            ? _biases
            : [.. _contextWeights.Zip(_biases, (weight, bias) => Affine(context, weight, bias))];
    }

    /// <summary>The parameters of each input: all first ones, then all second ones.</summary>
    /// <param name="x">[..., D].</param>
    /// <param name="prepared">From <see cref="Prepare"/>; its leading dimensions broadcast against those of x.</param>
    /// <returns>[..., P D].</returns>
    public torch.Tensor Forward(torch.Tensor x, IReadOnlyList<torch.Tensor> prepared)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(prepared);
        if (x.shape[^1] != _inputs)
        {
            throw new ArgumentException(
                $"The network takes inputs of shape [..., {_inputs}], not [{string.Join(", ", x.shape)}].", nameof(x));
        }

        long[] context = _contextWeights.Length == 0 ? [] : prepared[0].shape[..^1];
        long[] leading = x.shape[..^1];
        if (!leading.AsSpan().EndsWith(context))
        {
            // The context has dimensions that the input lacks.
            leading = torch.broadcast_tensors(x.select(-1, 0), prepared[0].select(-1, 0))[0].shape;
            x = x.expand([.. leading, _inputs]);
            prepared = [.. prepared.Select(part => part.expand([.. leading, part.shape[^1]]))];
        }

        var rows = x.reshape(-1, _inputs);
        for (int layer = 0; layer < _weights.Length; layer++)
        {
            rows = Layer(rows, layer, prepared[layer]);
        }

        return rows.view([.. leading, -1]);
    }

    /// <summary>The parameters of each input for a context: [..., D] and [..., C] to [..., P D].</summary>
    public torch.Tensor Forward(torch.Tensor x, torch.Tensor? context) => Forward(x, Prepare(context));

    /// <summary>The network for inputs that become known one after the other.</summary>
    /// <param name="like">Inputs of the shape [R, D].</param>
    /// <param name="prepared">From <see cref="Prepare"/>, of one row, or of R.</param>
    internal SequentialMade Sequential(torch.Tensor like, IReadOnlyList<torch.Tensor> prepared) => new(
        [.. _weights.Zip(_masks, (weight, mask) => weight * mask)],
        prepared,
        _activation,
        _hiddenDegrees,
        _parametersPerInput,
        like);

    private torch.Tensor Layer(torch.Tensor rows, int layer, torch.Tensor prepared)
    {
        Activation? activation = layer < _weights.Length - 1 ? _activation : null;
        var weight = _weights[layer];
        bool hasContext = _contextWeights.Length > 0;
        if (MaskedPerceptronFunction.Takes(rows, activation))
        {
            return MaskedPerceptronFunction.Apply(
                rows,
                weight.squeeze(0),
                _staircases[layer],
                hasContext ? null : prepared.view(-1),
                hasContext ? prepared.reshape(-1, prepared.shape[^1]) : null,
                activation);
        }

        return PerceptronLayer.Stacked(
            rows.unsqueeze(0),
            weight * _masks[layer],
            hasContext ? null : prepared,
            activation,
            hasContext ? prepared.reshape(1, -1, prepared.shape[^1]) : null).squeeze(0);
    }

    private static torch.Tensor Affine(torch.Tensor x, torch.Tensor weight, torch.Tensor bias) =>
        PerceptronLayer.Stacked(x.reshape(1, -1, x.shape[^1]), weight.unsqueeze(0), bias.view(1, 1, -1), activation: null)
            .view([.. x.shape[..^1], -1]);

    /// <summary>Degrees 1..D-1, each as often as the others up to one; a single input has degree 1, which reaches nothing.</summary>
    private static int[] HiddenDegrees(int width, int inputs, double phase) =>
        [.. Enumerable.Range(0, width).Select(unit => 1 + (int)((unit + phase) * Math.Max(1, inputs - 1) / width))];

    /// <summary>What <see cref="Mask"/> says, by how many first inputs each output sees: degrees of inputs rise.</summary>
    private static MaskStaircase Staircase(int[] from, int[] to, bool isOutput) => new(
        from.Length,
        [.. to.Select(degree => from.Count(source => isOutput ? source < degree : source <= degree))]);

    private static torch.Tensor Mask(int[] from, int[] to, bool isOutput, ParameterInitializer initializer)
    {
        using var scope = torch.NewDisposeScope();
        var source = torch.tensor(from).unsqueeze(0);
        var target = torch.tensor(to).unsqueeze(1);
        return (isOutput ? target.gt(source) : target.ge(source)).t().unsqueeze(0)
            .to(initializer.Type).to(initializer.Device).MoveToOuterDisposeScope();
    }
}
