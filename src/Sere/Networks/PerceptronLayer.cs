using Sere.Numerics;
using TorchSharp;

namespace Sere.Networks;

/// <summary>One layer of perceptrons: a(x W + bias + addend).</summary>
internal static class PerceptronLayer
{
    /// <summary>A stack of layers with independent weights.</summary>
    /// <param name="x">[S, R, I].</param>
    /// <param name="weight">[S, I, O].</param>
    /// <param name="bias">[S, 1, O], or null.</param>
    /// <param name="activation">a; null for none.</param>
    /// <param name="addend">[S, B, O] where R = K B: added to each of the K samples; or null.</param>
    /// <returns>[S, R, O].</returns>
    public static torch.Tensor Stacked(
        torch.Tensor x,
        torch.Tensor weight,
        torch.Tensor? bias,
        Activation? activation,
        torch.Tensor? addend = null)
    {
        if (PerceptronLayerFunction.Takes(x, weight, activation))
        {
            return PerceptronLayerFunction.Apply(x, weight, bias, addend, activation);
        }

        var y = bias is null ? TensorMath.MatrixMultiply(x, weight) : TensorMath.BatchMultiplyAdd(bias, x, weight);
        if (addend is not null)
        {
            y = y.view(y.shape[0], -1, addend.shape[1], y.shape[2]).Plus(addend.unsqueeze(1)).view(y.shape);
        }

        return activation?.Apply(y) ?? y;
    }

    /// <summary>One layer.</summary>
    /// <param name="x">[..., I].</param>
    /// <param name="weight">[O, I].</param>
    /// <param name="bias">[O].</param>
    /// <param name="activation">a; null for none.</param>
    /// <returns>[..., O].</returns>
    public static torch.Tensor Single(torch.Tensor x, torch.Tensor weight, torch.Tensor bias, Activation? activation)
    {
        if (!PerceptronLayerFunction.Takes(x, weight, activation))
        {
            var y = TensorMath.Linear(x, weight, bias);
            return activation?.Apply(y) ?? y;
        }

        if (x.dim() == 2)
        {
            return PerceptronLayerFunction.Apply(x, weight, bias, null, activation);
        }

        long[] shape = x.shape;
        return PerceptronLayerFunction.Apply(x.reshape(-1, shape[^1]), weight, bias, null, activation)
            .view([.. shape[..^1], weight.shape[0]]);
    }
}
