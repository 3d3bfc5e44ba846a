using Sere.Numerics;
using TorchSharp;
using Xunit;

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
    public static IReadOnlyList<torch.Tensor> Gradients(Func<torch.Tensor> scalar, IReadOnlyList<torch.Tensor> leaves) =>
        ValueAndGradients(scalar, leaves).Gradients;

    /// <summary>The same with the value of the scalar.</summary>
    public static (torch.Tensor Value, IReadOnlyList<torch.Tensor> Gradients) ValueAndGradients(
        Func<torch.Tensor> scalar, IReadOnlyList<torch.Tensor> leaves)
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

        return (value.detach(), [.. leaves.Select(leaf => leaf.grad?.clone() ?? torch.zeros_like(leaf))]);
    }

    /// <summary>
    /// The same gradients, once they are seen to be the slopes of central differences along random directions in the space
    /// of all leaves: a wrong element of any leaf shows in each, as no two elements have the same share of a direction.
    /// </summary>
    /// <param name="scalar">A function of the leaves.</param>
    /// <param name="leaves">What it depends on.</param>
    /// <param name="tolerance">Of a slope, however large it is.</param>
    /// <param name="what">What is compared.</param>
    public static IReadOnlyList<torch.Tensor> CheckedGradients(
        Func<torch.Tensor> scalar, IReadOnlyList<torch.Tensor> leaves, double tolerance, string what = "")
    {
        const int Directions = 3;
        var gradients = Gradients(scalar, leaves);
        if (leaves.Count == 0)
        {
            return gradients;
        }

        var gradient = torch.cat([.. gradients.Select(one => one.flatten())]);
        for (int direction = 0; direction < Directions; direction++)
        {
            var along = Float64.Normal(direction, gradient.numel());
            double expected = Slope(scalar, leaves, along);
            double actual = gradient.dot(along).item<double>();

            // A slope that is not a number is not within any tolerance.
            Assert.True(
                Math.Abs(actual - expected) <= tolerance,
                $"The slope along direction {direction} is {expected}, by gradients {actual}{what}.");
        }

        return gradients;
    }

    private static double Slope(Func<torch.Tensor> scalar, IReadOnlyList<torch.Tensor> leaves, torch.Tensor direction)
    {
        const double Step = 1e-6;
        using var noGrad = torch.no_grad();
        torch.Tensor[] starts = [.. leaves.Select(leaf => leaf.clone())];
        torch.Tensor[] steps = [.. direction.split([.. leaves.Select(leaf => leaf.numel())])];
        double slope = (After(Step) - After(-Step)) / (2 * Step);
        foreach (var (leaf, start) in leaves.Zip(starts))
        {
            leaf.copy_(start);
        }

        return slope;

        double After(double size)
        {
            foreach (var (leaf, start, step) in leaves.Zip(starts, steps))
            {
                leaf.copy_(start.Plus(step.view(start.shape).Times(size)));
            }

            return scalar().item<double>();
        }
    }
}
