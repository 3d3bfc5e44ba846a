using Sere.Kernels;
using Sere.Numerics;
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

            // On a CPU the kernels need none; elsewhere no step shall bring one to the device.
            if (initializer.Device.type != DeviceType.CPU)
            {
                _ = Mask(layer);
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

    /// <summary>The weights of all layers with what their passes share.</summary>
    internal MaskedWeight[] Weights() =>
    [
        .. _weights.Select((weight, layer) =>
            new MaskedWeight(weight, _staircases[layer], () => Mask(layer), ActivationOf(layer))),
    ];

    /// <summary>The activation of a layer; null for the last, which has none.</summary>
    internal Activation? ActivationOf(int layer) => layer < _weights.Length - 1 ? Activation : null;

    private torch.Tensor Mask(int layer)
    {
        if (_masks[layer] is not { } mask)
        {
            mask = _masks[layer] = _staircases[layer].Ones(_weights[layer]);
            register_buffer($"mask{layer}", mask, persistent: false);
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

/// <summary>
/// A <see cref="ConditionalMade"/> bound to a context: what depends on the context and on the weights alone is computed once
/// for all passes. It ends with these weights: once they have changed, it is refused (<see cref="WeightsClock"/>).
/// </summary>
public sealed class BoundConditionalMade
{
    private readonly ConditionalMade _made;
    private readonly IReadOnlyList<torch.Tensor> _prepared;
    private readonly MaskedWeight[] _weights;
    private readonly (int Thread, long Changes) _bound = WeightsClock.Now;

    /// <summary>A network and what its context gives to each layer.</summary>
    internal BoundConditionalMade(ConditionalMade made, IReadOnlyList<torch.Tensor> prepared)
    {
        (_made, _prepared, _weights) = (made, prepared, made.Weights());
    }

    /// <summary>The parameters of each input: all first ones, then all second ones.</summary>
    /// <param name="x">[..., D], whose leading dimensions broadcast against those of the context.</param>
    /// <returns>[..., P D].</returns>
    /// <exception cref="InvalidOperationException">The weights have changed since the network was bound.</exception>
    public torch.Tensor Forward(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        RequireSameWeights();
        int inputs = _made.Inputs;
        if (x.shape[^1] != inputs)
        {
            throw new ArgumentException(
                $"The network takes inputs of shape [..., {inputs}], not [{string.Join(", ", x.shape)}].", nameof(x));
        }

        var prepared = _prepared;
        long[] context = _made.HasContext ? prepared[0].shape[..^1] : [];
        long[] leading = x.shape[..^1];
        if (!leading.AsSpan().EndsWith(context))
        {
            // The context has dimensions that the input lacks.
            leading = torch.broadcast_tensors(x.select(-1, 0), prepared[0].select(-1, 0))[0].shape;
            x = x.expand([.. leading, inputs]);
            prepared = [.. prepared.Select(part => part.expand([.. leading, part.shape[^1]]))];
        }

        var rows = x.reshape(-1, inputs);
        for (int layer = 0; layer < prepared.Count; layer++)
        {
            var part = prepared[layer];
            rows = MaskedPerceptronLayer.Apply(
                rows,
                _weights[layer],
                _made.HasContext ? null : part,
                _made.HasContext ? part.reshape(-1, part.shape[^1]) : null,
                _made.ActivationOf(layer));
        }

        return rows.view([.. leading, rows.shape[^1]]);
    }

    /// <summary>The network for inputs that become known one after the other.</summary>
    /// <param name="like">Inputs of the shape [R, D]; the context is of one row, or of R.</param>
    internal SequentialMade Sequential(torch.Tensor like)
    {
        RequireSameWeights();
        return new SequentialMade(
            [.. _weights.Select(weight => weight.Masked())],
            _prepared,
            _made.Activation,
            _made.HiddenDegrees,
            _made.ParametersPerInput,
            like);
    }

    // A part of an earlier weight beside a later one would be a wrong number.
    private void RequireSameWeights()
    {
        var now = WeightsClock.Now;
        if (now.Thread == _bound.Thread && now.Changes != _bound.Changes)
        {
            throw new InvalidOperationException("The weights have changed since this network was bound; bind it again.");
        }
    }
}

/// <summary>Counts on each thread how often weights were changed in place, by which what was bound before is told.</summary>
internal static class WeightsClock
{
    [ThreadStatic]
    private static long _changes;

    /// <summary>The thread, and how often weights were changed on it.</summary>
    public static (int Thread, long Changes) Now => (Environment.CurrentManagedThreadId, _changes);

    /// <summary>To be called with every change.</summary>
    public static void Advance() => _changes++;
}

/// <summary>
/// A <see cref="ConditionalMade"/> that is given its inputs one after the other, as the inverse of an autoregressive map
/// finds them: with the inputs up to i, the hidden units of degree i are final, so that all inputs together take about the
/// operations of one pass, though in D steps. Values alone, without gradients.
/// </summary>
internal sealed class SequentialMade
{
    private readonly IReadOnlyList<torch.Tensor> _weights;
    private readonly Activation _activation;
    private readonly int[][] _hiddenEnds;
    private readonly int _inputs;
    private readonly int _parameters;
    private readonly torch.Tensor[] _hidden;
    private readonly torch.Tensor[] _prepared;
    private readonly torch.Tensor _x;
    private int _known;

    /// <summary>A network before its first input.</summary>
    /// <param name="weights">Masked weights, each [1, I, O].</param>
    /// <param name="prepared">What depends on the context alone, each broadcasting against [R, O].</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="hiddenDegrees">Degrees of the units of each hidden layer, in rising order.</param>
    /// <param name="parameters">P, the parameters of an input.</param>
    /// <param name="like">Inputs of the shape [R, D], of whose type the network is.</param>
    public SequentialMade(
        IReadOnlyList<torch.Tensor> weights,
        IReadOnlyList<torch.Tensor> prepared,
        Activation activation,
        IReadOnlyList<int[]> hiddenDegrees,
        int parameters,
        torch.Tensor like)
    {
        _weights = [.. weights.Select(weight => weight.squeeze(0))];
        long rows = like.shape[0];
        _prepared = [.. prepared.Select(part => part.reshape(-1, part.shape[^1]).expand([rows, part.shape[^1]]))];
        _activation = activation;
        _inputs = (int)like.shape[1];
        _parameters = parameters;

        // Of each hidden layer, how many units are final with the first d inputs.
        _hiddenEnds =
        [
            .. hiddenDegrees.Select(degrees =>
                Enumerable.Range(0, _inputs + 1).Select(d => degrees.Count(degree => degree <= d)).ToArray()),
        ];
        _hidden = [.. hiddenDegrees.Select(degrees => torch.zeros([rows, degrees.Length], like.dtype, like.device))];
        _x = torch.zeros_like(like);
    }

    /// <summary>The P parameters of the next input, each [R].</summary>
    public torch.Tensor[] Next()
    {
        var (below, width) = Below(_weights.Count - 1);
        var weight = _weights[^1].narrow(0, 0, width);
        var prepared = _prepared[^1];
        return
        [
            .. Enumerable.Range(0, _parameters).Select(parameter =>
            {
                int column = (parameter * _inputs) + _known;
                return TensorMath.Product(below, weight.select(1, column)).Plus(prepared.select(1, column));
            }),
        ];
    }

    /// <summary>Gives the next input, [R].</summary>
    public void Give(torch.Tensor input)
    {
        _x.select(1, _known).copy_(input);
        _known++;
        for (int layer = 0; layer < _hidden.Length; layer++)
        {
            int start = _hiddenEnds[layer][_known - 1];
            int count = _hiddenEnds[layer][_known] - start;
            if (count > 0)
            {
                var (below, width) = Below(layer);
                var weight = _weights[layer].narrow(0, 0, width).narrow(1, start, count);
                var units = TensorMath.Product(below, weight).Plus(_prepared[layer].narrow(1, start, count));
                _hidden[layer].narrow(1, start, count).copy_(_activation.Apply(units));
            }
        }
    }

    /// <summary>What layer <paramref name="layer"/> may see of the layer below: what is final.</summary>
    private (torch.Tensor Values, int Width) Below(int layer)
    {
        int width = layer == 0 ? _known : _hiddenEnds[layer - 1][_known];
        return ((layer == 0 ? _x : _hidden[layer - 1]).narrow(1, 0, width), width);
    }
}
