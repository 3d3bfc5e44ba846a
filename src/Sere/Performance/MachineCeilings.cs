using Sere.Numerics;
using TorchSharp;

namespace Sere.Performance;

/// <summary>
/// What the machine can do at best, measured and not taken from a data sheet: matrix products of given shapes, and a large
/// copy. Of repeats the best counts.
/// </summary>
internal sealed class MachineCeilings
{
    private const double CopyBudget = 500;
    private const double ProductBudget = 60;
    private const int CopyElements = 32_000_000;
    private readonly Dictionary<MatrixProduct, double> _products = [];

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
