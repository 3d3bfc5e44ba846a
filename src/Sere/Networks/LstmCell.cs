using Sere.Numerics;
using TorchSharp;

namespace Sere.Networks;

/// <summary>A long short-term memory of perceptrons: one step of its hidden features and cell.</summary>
internal sealed class LstmCell : torch.nn.Module
{
    private const int Gates = 4;
    private readonly Mlp _sums;

    /// <summary>A cell with freshly drawn parameters.</summary>
    /// <param name="inputs">Size of the input.</param>
    /// <param name="hidden">Size of the hidden features and of the cell.</param>
    /// <param name="initializer">Draws the weights.</param>
    public LstmCell(int inputs, int hidden, ParameterInitializer initializer)
        : base(nameof(LstmCell))
    {
        _sums = new Mlp(inputs + hidden, [], Gates * hidden, Kernels.Activation.Tanh, initializer);
        register_module("sums", _sums);
    }

    /// <summary>One step; leading dimensions are those of all together.</summary>
    /// <param name="input">[..., inputs].</param>
    /// <param name="hidden">[..., H].</param>
    /// <param name="cell">[..., H].</param>
    public (torch.Tensor Hidden, torch.Tensor Cell) Forward(torch.Tensor input, torch.Tensor hidden, torch.Tensor cell)
    {
        var sums = _sums.Forward(TensorMath.SideBySide(input, hidden));
        var above = cell.expand([.. sums.shape[..^1], cell.shape[^1]]);
        var (newHidden, newCell) = Step(sums.reshape(-1, sums.shape[^1]), above.reshape(-1, above.shape[^1]), 1);
        return (newHidden.view(above.shape), newCell.view(above.shape));
    }

    /// <summary>
    /// h = o tanh(c) and c = f c' + i g of a stack of cells, from the sums of the gates o, f, i and g.
    /// </summary>
    /// <param name="sums">[R, count 4 H, ...].</param>
    /// <param name="cell">c', [R, count H, ...].</param>
    /// <param name="count">Cells of the stack.</param>
    public static (torch.Tensor Hidden, torch.Tensor Cell) Step(torch.Tensor sums, torch.Tensor cell, int count)
    {
        long[] shape = sums.shape;
        var gates = sums.reshape([shape[0], count, Gates, shape[1] / (Gates * count), .. shape[2..]]).unbind(2);
        var kept = gates[1].sigmoid() * cell.reshape(gates[1].shape);
        var next = kept.Plus(gates[2].sigmoid() * gates[3].tanh());
        return ((gates[0].sigmoid() * next.tanh()).reshape(cell.shape), next.reshape(cell.shape));
    }
}
