using Sere.Numerics;
using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// One network of <see cref="MaskedConvolutions"/>, place after place: a place computes its own features of the horizontal
/// stack, and the end of a row those of that row of the vertical stack: all steps together do about the work of one pass.
/// </summary>
/// <param name="network">The stack of networks.</param>
/// <param name="member">Which of them.</param>
/// <param name="like">Inputs of the shape [R, channels, H W].</param>
/// <param name="layers">Its layers.</param>
internal sealed class SequentialMaskedConvolutions(
    MaskedConvolutions network, int member, torch.Tensor like, SequentialLayer[] layers)
    : PixelSequence(network, member, like)
{
    protected override torch.Tensor Features(int column)
    {
        torch.Tensor? features = null;
        foreach (var layer in layers)
        {
            features = layer.Next(features, column);
        }

        return features!;
    }

    protected override void Give(torch.Tensor input, int column) => layers[0].Give(input, column);

    protected override void EndRow(torch.Tensor inputs, int row)
    {
        var features = inputs;
        foreach (var layer in layers)
        {
            features = layer.EndRow(features, row);
        }
    }
}

/// <summary>One layer of <see cref="SequentialMaskedConvolutions"/> with what it knows so far.</summary>
internal sealed class SequentialLayer
{
    private readonly bool _isFirst;
    private readonly torch.Tensor _verticalWeight;
    private readonly torch.Tensor _verticalBias;
    private readonly PlaceMap _link;
    private readonly PlaceMap _horizontal;
    private readonly PlaceMap _output;
    private readonly torch.Tensor? _verticalContext;
    private readonly torch.Tensor? _horizontalContext;
    private readonly int _columns;
    private readonly torch.Tensor _rows;
    private readonly torch.Tensor _left;
    private readonly torch.Tensor _links;

    /// <summary>A layer before the first place.</summary>
    /// <param name="isFirst">Whether a place must not see its own input.</param>
    /// <param name="width">W.</param>
    /// <param name="vertical">Weights and biases of the vertical convolution.</param>
    /// <param name="link">From the vertical sums of the row above to the horizontal sums.</param>
    /// <param name="horizontal">The horizontal convolution.</param>
    /// <param name="output">From the gated horizontal features to the output.</param>
    /// <param name="verticalContext">What the context adds to the vertical sums, [R, 2 channels, H, W].</param>
    /// <param name="horizontalContext">What it adds to the horizontal sums.</param>
    /// <param name="images">R.</param>
    public SequentialLayer(
        bool isFirst,
        int width,
        (torch.Tensor Weight, torch.Tensor Bias) vertical,
        PlaceMap link,
        PlaceMap horizontal,
        PlaceMap output,
        torch.Tensor? verticalContext,
        torch.Tensor? horizontalContext,
        long images)
    {
        (_isFirst, _link, _horizontal, _output) = (isFirst, link, horizontal, output);
        (_verticalWeight, _verticalBias) = vertical;
        (_verticalContext, _horizontalContext) = (verticalContext, horizontalContext);
        long inputs = _verticalWeight.shape[1];
        _columns = (int)(horizontal.Weight.shape[1] / inputs);
        long side = _verticalWeight.shape[3] / 2;
        torch.Tensor Zeros(params long[] shape) => torch.zeros(shape, _verticalBias.dtype, _verticalBias.device);
        _rows = Zeros(images, inputs, _verticalWeight.shape[2], width + (2 * side));
        _left = Zeros(images, inputs, width + _columns);
        _links = Zeros(images, _verticalWeight.shape[0], width);
        if (_horizontalContext is not null)
        {
            _links.copy_(_horizontalContext.select(2, 0));
        }
    }

    /// <summary>The input of a place of the horizontal stack, [R, inputs].</summary>
    public void Give(torch.Tensor input, int column) => _left.select(2, column + _columns).copy_(input);

    /// <summary>The horizontal features of a place, [R, channels].</summary>
    /// <param name="input">Those of the layer below, [R, inputs]; null in the first layer.</param>
    /// <param name="column">The column of the place.</param>
    public torch.Tensor Next(torch.Tensor? input, int column)
    {
        if (input is not null)
        {
            Give(input, column);
        }

        var seen = _left.narrow(2, _isFirst ? column : column + 1, _columns);
        var sum = _horizontal.Apply(seen.reshape(seen.shape[0], -1)).Plus(_links.select(2, column));
        var output = _output.Apply(GatedMaskedLayer.Gate(sum, 1));
        return _isFirst ? output : input!.Plus(output);
    }

    /// <summary>The vertical features of a row, [R, channels, 1, W], once it is known; the next row begins.</summary>
    /// <param name="input">Those of the layer below, [R, inputs, 1, W].</param>
    /// <param name="row">The row that ends.</param>
    public torch.Tensor EndRow(torch.Tensor input, int row)
    {
        long height = _rows.shape[2];
        if (height > 1)
        {
            _rows.narrow(2, 0, height - 1).copy_(_rows.narrow(2, 1, height - 1).clone());
        }

        _rows.narrow(2, height - 1, 1).narrow(3, _verticalWeight.shape[3] / 2, input.shape[3]).copy_(input);
        var sum = TensorMath.Convolve(_rows, _verticalWeight, _verticalBias, stride: 1, padding: 0, groups: 1);
        if (_verticalContext is not null)
        {
            sum = sum.Plus(_verticalContext.narrow(2, row, 1));
        }

        _links.copy_(_link.Apply(sum.squeeze(2).transpose(1, 2)).transpose(1, 2));
        if (_horizontalContext is not null && row + 1 < _horizontalContext.shape[2])
        {
            _links.PlusInPlace(_horizontalContext.select(2, row + 1));
        }

        return GatedMaskedLayer.Gate(sum, 1);
    }
}
