using Sere.Numerics;
using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>Derivatives through the backward pass, and by differences to check it.</summary>
internal static class Derivatives
{
    /// <summary>The Jacobian of a function of one tensor, both flattened: [outputs, inputs].</summary>
    public static torch.Tensor Jacobian(Func<torch.Tensor, torch.Tensor> function, torch.Tensor input)
    {
        var leaf = Float64.Leaf(input);
        var outputs = function(leaf).reshape(-1);
        var rows = new List<torch.Tensor>();
        for (long output = 0; output < outputs.shape[0]; output++)
        {
            torch.autograd.backward([outputs[output]], retain_graph: true);
            rows.Add(leaf.grad!.reshape(-1).clone());
            leaf.grad = null;
        }

        return torch.stack(rows);
    }

    /// <summary>The gradients of a scalar with respect to each leaf; zeros for a leaf that it does not depend on.</summary>
    public static IReadOnlyList<torch.Tensor> Gradients(Func<torch.Tensor> scalar, IReadOnlyList<torch.Tensor> leaves)
    {
        foreach (var leaf in leaves)
        {
            leaf.grad = null;
        }

        var value = scalar();
        if (value.requires_grad)
        {
            value.backward();
        }

        return [.. leaves.Select(leaf => leaf.grad?.clone() ?? torch.zeros_like(leaf))];
    }

    /// <summary>
    /// The same gradients, once they are seen to be the slopes of central differences: of each leaf along three random
    /// directions, as no wrong element is level along all of them.
    /// </summary>
    /// <param name="scalar">A function of the leaves.</param>
    /// <param name="leaves">What it depends on.</param>
    /// <param name="tolerance">Of a slope, beside 1 and beside its size.</param>
    /// <param name="what">What is compared.</param>
    public static IReadOnlyList<torch.Tensor> CheckedGradients(
        Func<torch.Tensor> scalar, IReadOnlyList<torch.Tensor> leaves, double tolerance, string what = "")
    {
        var gradients = Gradients(scalar, leaves);
        foreach (var (index, (leaf, gradient)) in leaves.Zip(gradients).Index())
        {
            torch.Tensor[] directions =
                [.. Enumerable.Range(0, 3).Select(direction => Float64.Normal(direction, leaf.shape))];
            TensorAssert.Close(
                Float64.Vector([.. directions.Select(direction => Slope(scalar, leaf, direction))]),
                torch.stack([.. directions.Select(direction => (gradient * direction).sum())]),
                tolerance,
                $"slopes of leaf {index}{what}");
        }

        return gradients;
    }

    private static double Slope(Func<torch.Tensor> scalar, torch.Tensor leaf, torch.Tensor direction)
    {
        const double Step = 1e-5;
        using var noGrad = torch.no_grad();
        var start = leaf.clone();
        double slope = (After(Step) - After(-Step)) / (2 * Step);
        leaf.copy_(start);
        return slope;

        double After(double step)
        {
            leaf.copy_(start.Plus(direction.Times(step)));
            return scalar().item<double>();
        }
    }
}
