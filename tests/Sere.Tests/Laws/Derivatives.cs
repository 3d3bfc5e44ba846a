using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>Derivatives through the backward pass, and by differences to check it.</summary>
internal static class Derivatives
{
    /// <summary>The Jacobian of a function of one tensor, both flattened: [outputs, inputs].</summary>
    public static torch.Tensor Jacobian(Func<torch.Tensor, torch.Tensor> function, torch.Tensor input)
    {
        var leaf = Float64.Leaf(input);
        long outputs = function(leaf).numel();
        var rows = new List<torch.Tensor>();
        for (long output = 0; output < outputs; output++)
        {
            function(leaf).reshape(-1)[output].backward();
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

    /// <summary>The same gradients by central differences.</summary>
    public static IReadOnlyList<torch.Tensor> Differences(
        Func<torch.Tensor> scalar,
        IReadOnlyList<torch.Tensor> leaves,
        double step = 1e-5)
    {
        using var noGrad = torch.no_grad();
        return [.. leaves.Select(leaf => Differences(scalar, leaf, step))];
    }

    private static torch.Tensor Differences(Func<torch.Tensor> scalar, torch.Tensor leaf, double step)
    {
        var elements = leaf.view(-1).unbind(0);
        var slopes = new double[elements.Length];
        for (int i = 0; i < elements.Length; i++)
        {
            double start = elements[i].item<double>();
            double After(double value)
            {
                elements[i].fill_(value);
                return scalar().item<double>();
            }

            slopes[i] = (After(start + step) - After(start - step)) / (2 * step);
            elements[i].fill_(start);
        }

        return torch.tensor(slopes).view(leaf.shape);
    }
}
