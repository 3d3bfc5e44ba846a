using Sere.Numerics;
using Sere.Numerics.Kernels;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Networks;

/// <summary>
/// A masked autoencoder for distribution estimation (Germain et al. 2015) with a context: P parameters for each of D
/// inputs, those of input i a function of the inputs before it and of the whole context, which no mask touches. The hidden
/// degrees are spread evenly over 1..D-1, so that also a narrow network reaches almost all inputs.
/// </summary>
public sealed class ConditionalMade : torch.nn.Module, IRunningStatistics
{
    private const double GoldenRatio = 0.6180339887498949;
    private readonly Parameter[] _weights;
    private readonly Parameter[] _biases;
    private readonly Parameter[] _contextWeights;
    private readonly torch.Tensor?[] _masks;
    private readonly MaskStaircase[] _staircases;

    // In a list: a field would be registered once more under a name of its own.
    private readonly torch.Tensor[] _phase;

    /// <summary>A network with freshly drawn parameters.</summary>
    /// <param name="inputs">D.</param>
    /// <param name="context">Size of the context; 0 for none.</param>
    /// <param name="hidden">Widths of the hidden layers; none gives an affine map.</param>
    /// <param name="parametersPerInput">P.</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="initializer">Draws the weights: normal, with the variance of 1/(inputs that the masks leave).</param>
    /// <param name="outputGain">Factor on the initial weights of the last layer.</param>
    /// <param name="phase">In [0, 1): shifts the hidden degrees by a part of their spacing; see <see cref="Phase"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The phase lies beyond [0, 1).</exception>
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
        if (phase is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(phase), phase, "A phase is at least 0 and less than 1.");
        }

        Inputs = inputs;
        ParametersPerInput = parametersPerInput;
        Activation = activation;
        HiddenDegrees = [.. hidden.Select(width => Degrees(width, inputs, phase))];
        int[][] degrees =
        [
            [.. Enumerable.Range(1, inputs)],
            .. HiddenDegrees,
            [.. Enumerable.Repeat(Enumerable.Range(1, inputs), parametersPerInput).SelectMany(range => range)],
        ];
        int layers = degrees.Length - 1;
        _weights = new Parameter[layers];
        _biases = new Parameter[layers];
        _contextWeights = context == 0 ? [] : new Parameter[layers];
        _masks = new torch.Tensor?[layers];

        // Weights that were learned under other masks are of another model: their files lack this number.
        _phase = phase == 0 ? [] : [TensorArithmetic.Full([1], phase, initializer.Type, initializer.Device)];
        RunningStatistics.Register(this);
        _staircases = new MaskStaircase[layers];
        for (int layer = 0; layer < layers; layer++)
        {
            int[] from = degrees[layer];
            int[] to = degrees[layer + 1];
            double gain = layer == layers - 1 ? outputGain : 1;
            _staircases[layer] = Staircase(from, to, isOutput: layer == layers - 1);

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

    /// <inheritdoc/>
    IReadOnlyList<(string Name, torch.Tensor Value)> IRunningStatistics.Statistics =>
        [.. _phase.Select(phase => ("phase", phase))];

    /// <inheritdoc/>
    bool IRunningStatistics.AreFixed => true;

    /// <summary>D.</summary>
    internal int Inputs { get; }

    /// <summary>P.</summary>
    internal int ParametersPerInput { get; }

    /// <summary>Activation of the hidden layers.</summary>
    internal Activation Activation { get; }

    /// <summary>Degrees of the units of each hidden layer, in rising order.</summary>
    internal IReadOnlyList<int[]> HiddenDegrees { get; }

    /// <summary>Whether the network takes a context.</summary>
    internal bool HasContext => _contextWeights.Length > 0;

    /// <summary>
    /// The phase of a step of a flow. Inputs between two hidden degrees share what they may depend on, so that none of them
    /// depends on another. Were the degrees of all steps the same, no step would see what ties such inputs to each other:
    /// on images, the colours of a pixel.
    /// </summary>
    /// <param name="step">Which step of the flow, from 0.</param>
    /// <returns>The fractional part of multiples of the golden ratio, which fills [0, 1) evenly for any number of steps.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative.</exception>
    internal static double Phase(int step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return step * GoldenRatio % 1;
    }

    /// <summary>Which input may reach which parameter, as the product of the masks: [P D, D], greater than 0 where it may.</summary>
    public torch.Tensor MaskProduct() => Enumerable.Range(0, _weights.Length)
        .Select(layer => Mask(layer).squeeze(0).t())
        .Aggregate((product, mask) => mask.mm(product));

    /// <summary>The network for a context.</summary>
    /// <param name="context">[..., C], or null for a network without one.</param>
    /// <exception cref="ArgumentException">A context is missing, or one is given where none is used.</exception>
    public BoundConditionalMade Bind(torch.Tensor? context)
    {
        if (context is null == HasContext)
        {
            throw new ArgumentException(
                context is null ? "This network needs a context." : "This network takes no context.", nameof(context));
        }

        return new BoundConditionalMade(
            this,
            context is null
                ? _biases
                : [.. _contextWeights.Zip(_biases, (weight, bias) => Affine(context, weight, bias))]);
    }

    /// <summary>The parameters of each input for a context: [..., D] and [..., C] to [..., P D].</summary>
    public torch.Tensor Forward(torch.Tensor x, torch.Tensor? context) => Bind(context).Forward(x);

    /// <summary>The weight of a layer, [1, I, O], before its mask.</summary>
    internal torch.Tensor Weight(int layer) => _weights[layer];

    /// <summary>The mask of a layer, in short.</summary>
    internal MaskStaircase Staircase(int layer) => _staircases[layer];

    /// <summary>The mask of a layer as ones and zeros, [1, I, O].</summary>
    internal torch.Tensor Mask(int layer)
    {
        if (_masks[layer] is not { } mask)
        {
            using var scope = torch.NewDisposeScope();
            var (weight, staircase) = (_weights[layer], _staircases[layer]);
            var row = TensorArithmetic.Indices(staircase.Rows, device: weight.device).unsqueeze(1);
            var shown = torch.tensor(staircase.Shown.Select(rows => (long)rows).ToArray(), device: weight.device);
            mask = _masks[layer] = row.lt(shown).unsqueeze(0).to(weight.dtype).DetachFromDisposeScope();
            register_buffer($"mask{layer}", mask);
        }

        return mask;
    }

    private static torch.Tensor Affine(torch.Tensor x, torch.Tensor weight, torch.Tensor bias) =>
        PerceptronLayer.Stacked(x.reshape(1, -1, x.shape[^1]), weight.unsqueeze(0), bias.view(1, 1, -1), activation: null)
            .view([.. x.shape[..^1], -1]);

    /// <summary>Degrees 1..D-1, each as often as the others up to one; a single input has degree 1, which reaches nothing.</summary>
    private static int[] Degrees(int width, int inputs, double phase) =>
        [.. Enumerable.Range(0, width).Select(unit => 1 + (int)((unit + phase) * Math.Max(1, inputs - 1) / width))];

    // The degrees of inputs rise, so that every output sees the first ones, up to some.
    private static MaskStaircase Staircase(int[] from, int[] to, bool isOutput) => new(
        from.Length,
        [.. to.Select(degree => from.Count(source => isOutput ? source < degree : source <= degree))]);
}
