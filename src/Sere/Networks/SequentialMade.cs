using Sere.Numerics;
using TorchSharp;

namespace Sere.Networks;

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
                return below.mv(weight.select(1, column)).Plus(prepared.select(1, column));
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
                var units = below.mm(_weights[layer].narrow(0, 0, width).narrow(1, start, count))
                    .Plus(_prepared[layer].narrow(1, start, count));
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
