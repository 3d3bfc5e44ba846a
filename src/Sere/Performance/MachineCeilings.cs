using Sere.Numerics;
using TorchSharp;

namespace Sere.Performance;

/// <summary>
/// What the machine can do at best, measured and not taken from a data sheet: matrix products and convolutions of
/// given shapes, and a large copy. Of repeats the best counts.
/// </summary>
internal sealed class MachineCeilings
{
    private const double CopyBudget = 500;
    private const double ProductBudget = 60;
    private const int CopyElements = 32_000_000;
    private readonly Dictionary<MatrixProduct, double> _products = [];
    private readonly Dictionary<(Convolution Shape, bool WithBackward), double> _convolutions = [];

    /// <summary>Measures the copy rate; products are measured when they are asked for.</summary>
    public MachineCeilings()
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var source = torch.zeros(CopyElements);
        var target = torch.ones(CopyElements);

        // A copy reads a byte and writes a byte.
        CopyBytesPerMillisecond = 2.0 * sizeof(float) * CopyElements / Timing.Best(() => target.copy_(source), CopyBudget);
    }

    /// <summary>Bytes that a large copy reads and writes in a millisecond, both counted.</summary>
    public double CopyBytesPerMillisecond { get; }

    /// <summary>The time of products of a shape alone, in fp32, in milliseconds.</summary>
    public double Milliseconds(MatrixProduct product)
    {
        product = product with { NeedsInputGradient = false };
        if (!_products.TryGetValue(product, out double best))
        {
            best = Measure(product);
            _products.Add(product, best);
        }

        return best;
    }

    /// <summary>The time of all products, in milliseconds.</summary>
    public double Milliseconds(IEnumerable<MatrixProduct> products) => products.Sum(Milliseconds);

    /// <summary>The time of all convolutions by the library's own routine, their backward passes too if asked for.</summary>
    public double Milliseconds(IEnumerable<Convolution> convolutions, bool withBackward) => convolutions.Sum(convolution =>
    {
        if (!_convolutions.TryGetValue((convolution, withBackward), out double best))
        {
            best = Measure(convolution, withBackward);
            _convolutions.Add((convolution, withBackward), best);
        }

        return best;
    });

    private static double Measure(Convolution shape, bool withBackward)
    {
        using var gradients = withBackward ? null : torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var x = torch.ones([shape.Rows, shape.Groups * shape.Inputs, shape.Height, shape.Width])
            .requires_grad_(withBackward && shape.NeedsInputGradient);
        var weight = torch.ones([shape.Groups * shape.Outputs, shape.Inputs, shape.Kernel, shape.Kernel])
            .requires_grad_(withBackward);
        torch.Tensor? gradient = null;
        return Timing.Best(
            () =>
            {
                using var repeat = torch.NewDisposeScope();
                var y = torch.nn.functional.conv2d(
                    x, weight, null, [shape.Stride, shape.Stride], [shape.Kernel / 2, shape.Kernel / 2], null, shape.Groups);
                if (withBackward)
                {
                    gradient ??= torch.ones_like(y).DetachFromDisposeScope();
                    x.grad?.zero_();
                    weight.grad?.zero_();
                    y.backward([gradient]);
                }
            },
            ProductBudget);
    }

    private static double Measure(MatrixProduct product)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        long[] count = product.Count == 1 ? [] : [product.Count];
        var first = torch.ones([.. count, product.Rows, product.Inner]);
        var second = torch.ones([.. count, product.Inner, product.Columns]);
        return Timing.Best(() => torch.matmul(first, second).Dispose(), ProductBudget);
    }
}
