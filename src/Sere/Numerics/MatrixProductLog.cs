namespace Sere.Numerics;

/// <summary>
/// Writes down the matrix products and convolutions that this thread computes while the log is open: what the floor of a computation is
/// reckoned from, whatever model it belongs to.
/// </summary>
internal sealed class MatrixProductLog : IDisposable
{
    [ThreadStatic]
    private static MatrixProductLog? _open;

    private readonly List<MatrixProduct> _products = [];
    private readonly List<Convolution> _convolutions = [];

    /// <summary>Opens the log of this thread.</summary>
    public MatrixProductLog()
    {
        _open = this;
    }

    /// <summary>The products so far.</summary>
    public IReadOnlyList<MatrixProduct> Products => _products;

    /// <summary>The convolutions so far.</summary>
    public IReadOnlyList<Convolution> Convolutions => _convolutions;

    /// <summary>Writes a convolution down if a log is open.</summary>
    public static void Add(Convolution convolution) => _open?._convolutions.Add(convolution);

    /// <summary>Writes a product down if a log is open.</summary>
    public static void Add(long count, long rows, long inner, long columns, bool needsInputGradient) =>
        _open?._products.Add(new MatrixProduct(count, rows, inner, columns, needsInputGradient));

    /// <inheritdoc/>
    public void Dispose() => _open = null;
}
