using Sere.Numerics;
using TorchSharp;
using static TorchSharp.torch.nn;

namespace Sere.Networks;

/// <summary>The form of <see cref="RowLstm"/>.</summary>
/// <param name="Channels">Features of a place.</param>
/// <param name="FirstKernel">Side of the kernel of the first, masked convolution, odd.</param>
/// <param name="Kernel">Width of the kernels of the recurrent layers, odd.</param>
/// <param name="Layers">Recurrent layers.</param>
/// <param name="Context">Channels of the context; 0 for none.</param>
/// <param name="Parameters">Outputs of a place.</param>
internal sealed record RowLstmSettings(int Channels, int FirstKernel, int Kernel, int Layers, int Context, int Parameters);

/// <summary>
/// A stack of PixelRNNs of row LSTMs (van den Oord et al. 2016): a masked convolution of the pixels, and recurrent layers
/// that go through the rows from the top. A place sees what is left of it, and a triangle above it without end.
/// </summary>
internal sealed class RowLstm : PixelNetwork
{
    // Of sums of two, so that they start with the variance of one.
    private const double HalfVariance = 0.7071067811865476;
    private readonly StackedConvolution _above;
    private readonly StackedConvolution _left;
    private readonly RowLstmLayer[] _layers;
    private readonly int _kernel;

    /// <summary>A stack of networks with freshly drawn parameters.</summary>
    /// <param name="stack">Number of them, S.</param>
    /// <param name="input">What the input of each stands for.</param>
    /// <param name="settings">Their form.</param>
    /// <param name="initializer">Draws the weights.</param>
    public RowLstm(int stack, FeatureShape input, RowLstmSettings settings, ParameterInitializer initializer)
        : base(nameof(RowLstm), input)
    {
        _kernel = settings.FirstKernel;
        int channels = settings.Channels;
        _above = new StackedConvolution(stack, input.Channels, channels, (Half, _kernel), HalfVariance, initializer);
        _left = new StackedConvolution(stack, input.Channels, channels, (1, Half), HalfVariance, initializer);
        register_module("above", _above);
        register_module("left", _left);
        _layers = new RowLstmLayer[settings.Layers];
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            _layers[layer] = new RowLstmLayer(stack, settings, initializer);
            register_module($"layer{layer}", _layers[layer]);
        }

        Head = new PixelHead(this, stack, channels, settings.Parameters, initializer);
    }

    public override PixelHead Head { get; }

    // Rows above, and columns to the left, that the first convolution sees.
    private int Half => (_kernel + 1) / 2;

    public override PixelSequence Sequence(int member, torch.Tensor? context, torch.Tensor like) => new RowLstmSequence(
        this,
        member,
        like,
        _above.Member(member),
        PlaceMap.Of(_left, member),
        [.. _layers.Select(layer => layer.Sequence(member, context, like.shape[0], Input.Width))]);

    protected override torch.Tensor Features(torch.Tensor x, torch.Tensor? context, int first, int count)
    {
        int side = _kernel / 2;
        var features = _above.Forward(functional.pad(x, [side, side, Half, -1]), first, count)
            .Plus(_left.Forward(functional.pad(x, [Half, -1, 0, 0]), first, count));
        foreach (var layer in _layers)
        {
            features = layer.Forward(features, context, first, count);
        }

        return features;
    }
}

/// <summary>
/// A row LSTM: gates from what is left in the row of the input and from the state of the row above, of which a place sees
/// its neighbours; with a residual connection.
/// </summary>
internal sealed class RowLstmLayer : torch.nn.Module
{
    // The state starts as a part of the gates' sums, and so does the context.
    private const double PartGain = 0.5;
    private const int Gates = 4;
    private readonly int _kernel;
    private readonly int _channels;
    private readonly StackedConvolution _input;
    private readonly StackedConvolution _state;
    private readonly StackedConvolution _output;
    private readonly StackedConvolution? _context;

    /// <summary>A stack of layers with freshly drawn parameters.</summary>
    public RowLstmLayer(int stack, RowLstmSettings settings, ParameterInitializer initializer)
        : base(nameof(RowLstmLayer))
    {
        (_kernel, _channels) = (settings.Kernel, settings.Channels);
        int gates = Gates * _channels;
        _input = new StackedConvolution(stack, _channels, gates, (1, Half), gain: 1, initializer);

        // Once a row: weights that are normalized would be so each time.
        _state = new StackedConvolution(
            stack, _channels, gates, (1, _kernel), PartGain, initializer, isWeightNormalized: false);
        _output = new StackedConvolution(
            stack, _channels, _channels, (1, 1), 1 / Math.Sqrt(settings.Layers), initializer);
        register_module("input", _input);
        register_module("state", _state);
        register_module("output", _output);
        if (settings.Context > 0)
        {
            _context = new StackedConvolution(stack, settings.Context, gates, (1, 1), PartGain, initializer);
            register_module("context", _context);
        }
    }

    // Columns of the half of a kernel that no mask hides.
    private int Half => (_kernel + 1) / 2;

    /// <summary>All places: [R, count channels, H, W] to the same.</summary>
    public torch.Tensor Forward(torch.Tensor features, torch.Tensor? context, int first, int count)
    {
        var sums = _input.Forward(functional.pad(features, [Half - 1, 0, 0, 0]), first, count);
        if (_context is not null)
        {
            sums = sums.Plus(_context.Forward(context!, first, count));
        }

        var hidden = torch.zeros_like(features.narrow(2, 0, 1));
        var cell = hidden;
        var rows = new List<torch.Tensor>();
        foreach (var row in sums.split(1, 2))
        {
            var state = _state.Forward(functional.pad(hidden, [_kernel / 2, _kernel / 2, 0, 0]), first, count);
            (hidden, cell) = LstmCell.Step(row.Plus(state), cell, count);
            rows.Add(hidden);
        }

        return features.Plus(_output.Forward(torch.cat(rows, 2), first, count));
    }

    /// <summary>One layer of the stack, for place after place.</summary>
    public RowLstmLayerSequence Sequence(int member, torch.Tensor? context, long images, int width) => new(
        PlaceMap.Of(_input, member),
        _state.Member(member),
        PlaceMap.Of(_output, member),
        _context?.Forward(context!, member, 1),
        images,
        width);
}

/// <summary>
/// One network of <see cref="RowLstm"/>, place after place: each computes its own features, and the end of a row what the next
/// row sees of it.
/// </summary>
internal sealed class RowLstmSequence : PixelSequence
{
    private readonly (torch.Tensor Weight, torch.Tensor Bias) _above;
    private readonly PlaceMap _left;
    private readonly RowLstmLayerSequence[] _layers;
    private readonly int _half;
    private readonly torch.Tensor _seen;
    private readonly torch.Tensor _rows;
    private readonly torch.Tensor _sums;

    /// <summary>A network before its first input.</summary>
    public RowLstmSequence(
        RowLstm network,
        int member,
        torch.Tensor like,
        (torch.Tensor Weight, torch.Tensor Bias) above,
        PlaceMap left,
        RowLstmLayerSequence[] layers)
        : base(network, member, like)
    {
        (_above, _left, _layers) = (above, left, layers);
        _half = (int)above.Weight.shape[2];
        long images = like.shape[0], channels = network.Input.Channels, width = network.Input.Width;
        _seen = torch.zeros([images, channels, width + _half], like.dtype, like.device);
        _rows = torch.zeros([images, channels, _half, width + above.Weight.shape[3] - 1], like.dtype, like.device);
        _sums = Above();
    }

    protected override torch.Tensor Features(int column)
    {
        var seen = _seen.narrow(2, column, _half);
        var features = _left.Apply(seen.reshape(seen.shape[0], -1)).Plus(_sums.select(2, column));
        foreach (var layer in _layers)
        {
            features = layer.Next(features, column);
        }

        return features;
    }

    protected override void Give(torch.Tensor input, int column) => _seen.select(2, column + _half).copy_(input);

    protected override void EndRow(torch.Tensor inputs, int row)
    {
        if (_half > 1)
        {
            _rows.narrow(2, 0, _half - 1).copy_(_rows.narrow(2, 1, _half - 1).clone());
        }

        _rows.narrow(2, _half - 1, 1).narrow(3, _above.Weight.shape[3] / 2, inputs.shape[3]).copy_(inputs);
        _sums.copy_(Above());
        foreach (var layer in _layers)
        {
            layer.EndRow(row);
        }
    }

    private torch.Tensor Above() =>
        TensorMath.Convolve(_rows, _above.Weight, _above.Bias, stride: 1, padding: 0, groups: 1).squeeze(2);
}

/// <summary>One layer of <see cref="RowLstmSequence"/> with what it knows so far.</summary>
internal sealed class RowLstmLayerSequence
{
    private readonly PlaceMap _input;
    private readonly (torch.Tensor Weight, torch.Tensor Bias) _state;
    private readonly PlaceMap _output;
    private readonly torch.Tensor? _context;
    private readonly int _half;
    private readonly torch.Tensor _left;
    private readonly torch.Tensor _hidden;
    private readonly torch.Tensor _cells;
    private readonly torch.Tensor _above;
    private readonly torch.Tensor _sums;

    /// <summary>A layer before the first place.</summary>
    /// <param name="input">From the input's piece of the row to the sums of the gates.</param>
    /// <param name="state">The convolution of the row above.</param>
    /// <param name="output">From the hidden features to the output.</param>
    /// <param name="context">What the context adds to the sums, [R, 4 channels, H, W].</param>
    /// <param name="images">R.</param>
    /// <param name="width">W.</param>
    public RowLstmLayerSequence(
        PlaceMap input,
        (torch.Tensor Weight, torch.Tensor Bias) state,
        PlaceMap output,
        torch.Tensor? context,
        long images,
        int width)
    {
        (_input, _state, _output, _context) = (input, state, output, context);
        long channels = state.Weight.shape[1];
        _half = (int)(input.Weight.shape[1] / channels);
        torch.Tensor Zeros(params long[] shape) => torch.zeros(shape, state.Bias.dtype, state.Bias.device);
        _left = Zeros(images, channels, width + _half - 1);
        _hidden = Zeros(images, channels, 1, width + state.Weight.shape[3] - 1);
        _cells = Zeros(images, channels, width);
        _above = Zeros(images, channels, width);
        _sums = Zeros(images, state.Weight.shape[0], width);
        EndRow(-1);
    }

    /// <summary>The output of a place, [R, channels].</summary>
    /// <param name="input">Its input, [R, channels].</param>
    /// <param name="column">The column of the place.</param>
    public torch.Tensor Next(torch.Tensor input, int column)
    {
        _left.select(2, column + _half - 1).copy_(input);
        var seen = _left.narrow(2, column, _half);
        var sums = _input.Apply(seen.reshape(seen.shape[0], -1)).Plus(_sums.select(2, column));
        var (hidden, cell) = LstmCell.Step(sums, _above.select(2, column), 1);
        _hidden.select(2, 0).select(2, column + (_state.Weight.shape[3] / 2)).copy_(hidden);
        _cells.select(2, column).copy_(cell);
        return input.Plus(_output.Apply(hidden));
    }

    /// <summary>A row is known; the next begins.</summary>
    public void EndRow(int row)
    {
        var sums = TensorMath.Convolve(_hidden, _state.Weight, _state.Bias, stride: 1, padding: 0, groups: 1).squeeze(2);
        _sums.copy_(_context is not null && row + 1 < _context.shape[2] ? sums.Plus(_context.select(2, row + 1)) : sums);
        _above.copy_(_cells);
    }
}
